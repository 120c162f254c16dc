import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { configFile } from '../support/files.ts';
import { load, problemsOf, refusalOf } from '../support/loading.ts';

const SERVER = '"a": { "command": "x" }';

describe('the text of a configuration', () => {
  it.each([
    ['comments', `{ // one\n /* two */ "servers": { ${SERVER} } }`],
    ['trailing commas', `{ "servers": { ${SERVER}, }, }`],
    ['a byte order mark', `\uFEFF{ "servers": { ${SERVER} } }`],
    ['line ends of Windows', `{\r\n"servers": {\r\n${SERVER}\r\n}\r\n}`],
    ['blank lines around', `\n\n{ "servers": { ${SERVER} } }\n\n`],
  ])('may have %s', async (_, text) => {
    expect((await load(text)).servers).toEqual({ a: { command: 'x' } });
  });

  it.each([
    ['', '1:1', 'found nothing, allowed a JSON object'],
    ['   // nothing\n', '1:1', 'found nothing, allowed a JSON object'],
    ['{ "servers": {', '1:15', 'expected a closing brace }'],
    ['{\n  "servers" {}\n}', '2:13', 'expected a colon'],
    ['{\n  "servers": {}\n  "plenum": {}\n}', '3:3', 'expected a comma'],
    ["{ 'servers': {} }", '1:3', 'found a word that is not JSON'],
    ['{ "servers": { "a": tru } }', '1:21', 'found a word that is not JSON'],
    ['{ "servers": {} } x', '1:19', 'found'],
    ['{ "servers": "x', '1:14', 'found text without its closing quote'],
    ['{ "servers": "\\x" }', '1:14', 'found a backslash that escapes nothing'],
    ['{ /* "servers": {} }', '1:3', 'found a comment without its end'],
    ['\uFEFF{ servers: {} }', '1:3', 'found a word that is not JSON'],
  ])('that is not JSON, such as %j, is refused with the place', async (text, place, message) => {
    const path = configFile(text);
    const error = await refusalOf(loadConfig(path));
    expect(error.message).toContain(`${path}:${place}: ${message}`);
  });

  it.each([
    ['arrays', '['.repeat(50_000)],
    ['objects', '{"a":'.repeat(50_000)],
    ['arrays after brackets that close nothing', ']'.repeat(500) + '['.repeat(50_000)],
    ['arrays that end', '['.repeat(101) + ']'.repeat(101)],
  ])('that goes too deep is refused, not followed: %s', async (_, text) => {
    const problems = await problemsOf(load(text));
    expect(problems).toEqual([': nested more than 100 levels deep']);
  });

  it('many faults are not all listed', async () => {
    expect((await problemsOf(load('{ x: y, '.repeat(80)))).length).toBeLessThanOrEqual(10);
  });
});
