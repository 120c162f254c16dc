import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SessionGroup, type GroupConnectOptions } from '../../../src/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { writeLock } from '../../../src/trust/index.ts';

/** The path of a lock in a folder of its own, which is removed after the test. */
export async function lockPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plenum-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'plenum.lock.json');
}

/** Writes a lock of servers as they are now; resolves with its path. */
export async function lockOf(servers: GroupConnectOptions['servers'], path?: string): Promise<string> {
  const file = path ?? (await lockPath());
  const group = await SessionGroup.connect({ servers, strict: true });
  try {
    await writeLock(file, group);
  } finally {
    await group.close();
  }
  return file;
}

/** One of each kind that differs in the tests, and one that stays. */
export const SCRIPT = {
  instructions: 'Ask before you write.',
  tools: [
    { name: 'stays', description: 'Reads a file.' },
    { name: 'alters', description: 'Writes a file.' },
  ],
  prompts: [
    { name: 'stays', description: 'Sums up.', messages: [] },
    { name: 'alters', description: 'Reviews.', messages: [] },
  ],
  resources: [{ uri: 'file:///listed' }],
  resourceTemplates: [{ uriTemplate: 'stays:{id}' }, { uriTemplate: 'alters:{id}', description: 'Notes.' }],
  completions: [
    { ref: 'alters', argument: 'x', values: ['1'] },
    { ref: 'alters:{id}', argument: 'id', values: ['1'] },
  ],
} satisfies ServerScript;

/** The same, with one character more in a description of each kind. */
export const ALTERED = {
  ...SCRIPT,
  tools: [...SCRIPT.tools.slice(0, 1), { name: 'alters', description: 'Writes a file!' }],
  prompts: [...SCRIPT.prompts.slice(0, 1), { name: 'alters', description: 'Reviews?', messages: [] }],
  resourceTemplates: [{ uriTemplate: 'stays:{id}' }, { uriTemplate: 'alters:{id}', description: 'Notes!' }],
} satisfies ServerScript;
