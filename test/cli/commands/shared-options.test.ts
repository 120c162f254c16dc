import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile, plenum } from '../support/run-cli.ts';

const docs = stdioSpec({
  tools: [{ name: 'echo' }],
  resources: [{ uri: 'docs://notes', text: 'line' }],
});

describe('a configuration with options for groups and for managers', () => {
  const shared = {
    naming: 'bare',
    strict: true,
    timeoutMs: 30_000,
    reconnect: { attempts: 3 },
    pool: { max: 2 },
    retry: { attempts: 2 },
    circuit: false,
    closeTimeoutMs: 5_000,
  };

  it.each([
    ['servers'],
    ['tools'],
    ['resources'],
    ['prompts'],
    ['describe', 'echo'],
    ['call', 'echo'],
    ['read', 'docs://notes'],
    ['ping'],
    ['health'],
    ['doctor'],
    ['types'],
    ['auth', 'status'],
    ['config', 'check'],
  ])('is taken by plenum %o', async (...words) => {
    const { exitCode, stderr } = await plenum([...words, '-c', configFile({ docs }, { plenum: shared })]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.not.stringMatching(/error:|warning:/),
    });
  });
});
