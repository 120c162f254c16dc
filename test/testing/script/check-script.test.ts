import { describe, expect, it } from 'vitest';
import { inProcess, stdioSpec } from '../../../src/testing/index.ts';

describe('testing kit: scripts that are none', () => {
  it.each<[string, object, string]>([
    ['a field that does not exist', { tool: [] }, 'script.tool is not known'],
    ['a tool without a name', { tools: [{}] }, 'script.tools[0].name is missing'],
    [
      'a behaviour that does not exist',
      { tools: [{ name: 'a', does: { type: 'fly' } }] },
      'does.type must be one of',
    ],
    [
      'a behaviour that lacks something',
      { tools: [{ name: 'a', does: { type: 'slow' } }] },
      'does.ms is missing',
    ],
    ['no behaviours at all', { tools: [{ name: 'a', does: [] }] }, 'does must not be empty'],
    ['the second of several', { tools: [{ name: 'a', does: [{ type: 'echo' }, {}] }] }, 'does[1].type'],
    ['a delay below zero', { answerDelayMs: -1 }, 'script.answerDelayMs must be'],
    ['a delay that no timer can hold', { startDelayMs: 2 ** 31 }, 'script.startDelayMs must be'],
    ['an era that does not exist', { era: 'ancient' }, 'script.era must be one of'],
    ['a fault that does not exist', { faults: { fire: true } }, 'script.faults.fire is not known'],
    ['the zeroth answer', { faults: { dropAnswer: 0 } }, 'script.faults.dropAnswer must be'],
    ['starts that nobody counts', { faults: { exitAtStart: { times: 1 } } }, 'needs script.ledgerFile'],
    [
      'a command that does not exist',
      { tools: [{ name: 'a', does: { type: 'control', command: {} } }] },
      'command',
    ],
  ])('%s', (_, script, message) => {
    const refused = expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
    expect(() => inProcess(script)).toThrow(refused);
    expect(() => stdioSpec(script)).toThrow(refused);
  });
});
