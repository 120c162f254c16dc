import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from '../../../src/config/schema/json-schema.ts';
import { fixture } from '../support/files.ts';

const file = resolve(import.meta.dirname, '../../../schema/plenum.schema.json');
const published: unknown = JSON.parse(readFileSync(file, 'utf8'));

describe('the published JSON Schema', () => {
  it('is the one that configurations are checked with; if not, run scripts/write-schema.mjs after a build', () => {
    expect(published).toEqual(configJsonSchema());
  });

  // The other direction of the library that made it: a reader of schemas.
  const reader = z.fromJSONSchema(configJsonSchema());

  it.each([
    'plenum.json',
    'claude-desktop.json',
    'windsurf.json',
    'cline.json',
    'roo-code.json',
    'vscode.jsonc',
    'gemini-settings.json',
  ])('accepts %s', (name) => {
    const result = reader.safeParse(parse(readFileSync(fixture(name), 'utf8')));
    expect(result.error?.issues ?? []).toEqual([]);
  });

  it.each([
    [{ mcpServers: { a: { command: 5 } } }],
    [{ mcpServers: { a: { url: 'https://a.example.com', type: 'carrier pigeon' } } }],
    [{ servers: { a: {} } }],
    [{ plenum: { naming: 'short' } }],
    [{ gateway: { listen: { port: 65_536 } } }],
    [{ gateway: { hosts: 'localhost' } }],
    [{ servers: { a: { command: 'a', isolation: 'nobody' } } }],
  ])('refuses %j', (value) => {
    expect(reader.safeParse(value).success).toBe(false);
  });

  it('describes every option', () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, part] of Object.entries(schema)) {
        if (key === 'properties') {
          for (const [name, property] of Object.entries(part as object)) {
            const isPlain = ['$schema', 'type', 'label', 'value', 'default'].includes(name);
            if (!isPlain && !('description' in (property as object))) undescribed.push(`${path}.${name}`);
          }
        }
        visit(part, `${path}.${key}`);
      }
    };
    visit(published, '');
    expect(undescribed.filter((path) => !/serverUrl|httpUrl/.test(path))).toEqual([]);
  });
});
