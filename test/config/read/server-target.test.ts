import { describe, expect, it } from 'vitest';
import { serverTarget } from '../../../src/config/read/server-target.ts';

describe('what a server is shown as', () => {
  it.each([
    [
      { command: 'npx', args: ['-y', '@scope/server-files@1.2.3', '/srv/data'] },
      'npx -y @scope/server-files@1.2.3 /srv/data',
    ],
    [{ command: 'x', args: ['--api-key', 'hunter2', 'rest'] }, 'x --api-key … rest'],
    [{ command: 'x', args: ['--token=hunter2', '--port=80'] }, 'x --token=… --port=80'],
    [{ command: 'x', args: ['--token', '${TOKEN}'] }, 'x --token ${TOKEN}'],
    [{ command: 'x', args: ['--token', '${TOKEN:-hunter2}'] }, 'x --token …'],
    [
      { command: 'docker', args: ['run', '-e', 'TOKEN', '-e', 'KEY=hunter2', 'image'] },
      'docker run -e TOKEN -e KEY=… image',
    ],
    [{ command: 'x', args: ['-H', 'X-Any: hunter2'] }, 'x -H …'],
    [{ command: 'x', args: ['--header', 'Authorization: hunter2'] }, 'x --header …'],
    [
      { command: 'x', args: ['postgres://me:hunter2@db.example.com/app?p=1'] },
      'x postgres://db.example.com/app?…',
    ],
    [{ command: 'x', args: ['sk-proj-4f5g6h7j8k9l'] }, 'x …'],
    [{ command: 'x', args: ['a1b2c3d4e5f6a7b8c9d0'] }, 'x …'],
    [{ command: 'x', args: [5, './build2/v3a4b/main.js'] }, 'x ./build2/v3a4b/main.js'],
    [{ url: 'https://u:p@example.com:81/mcp/v1?key=1#x' }, 'https://example.com:81/mcp/v1?…'],
    [{ httpUrl: 'https://example.com/s/a1b2c3d4e5f6a7b8c9d0/mcp' }, 'https://example.com/s/…/mcp'],
    [{}, ''],
  ])('%j is %s', (definition, text) => {
    expect(serverTarget(definition)).toBe(text);
  });
});
