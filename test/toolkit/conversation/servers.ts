import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { GroupServerSpec } from '../../../src/index.ts';
import { http } from '../../support/servers.ts';
import { newFolder } from '../../support/folders.ts';

/** A chart, as a picture of one pixel. */
export const CHART =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

export interface FourServers {
  readonly servers: Record<string, GroupServerSpec>;
  /** Where the files are. */
  readonly folder: string;
  /** Gives the server of notes one more tool. */
  learn(): void;
}

/** One server of each kind, each with work of its own. */
export async function fourServers(): Promise<FourServers> {
  const folder = newFolder();
  writeFileSync(join(folder, 'plan.md'), 'Ferry at nine, lunch in Oslo.');
  writeFileSync(join(folder, 'chart.png'), Buffer.from(CHART, 'base64'));
  const program = resolve('node_modules/@modelcontextprotocol/server-filesystem/dist/index.js');

  const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const weather = await http({
    era: 'legacy',
    tools: [{ name: 'forecast', description: 'The weather of a city.', inputSchema: city }],
  });
  const booking = await http({
    era: 'modern',
    tools: [
      {
        name: 'book_table',
        description: 'Books a table.',
        inputSchema: { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] },
        does: [{ type: 'error', message: 'No table at twelve. Ask for one o’clock.' }, { type: 'echo' }],
      },
    ],
  });

  const notes = new McpServer({ name: 'notes', version: '1.0.0' });
  notes.registerTool(
    'count_words',
    {
      description: 'Counts words.',
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ words: z.number() }),
    },
    ({ text }) => ({ content: [], structuredContent: { words: text.split(/\s+/).length } }),
  );

  return {
    servers: {
      files: { command: process.execPath, args: [program, folder] },
      weather: { url: weather.url, protocol: 'legacy' },
      booking: { url: booking.url, protocol: '2026-07-28' },
      notes: { server: notes },
    },
    folder,
    learn: () => {
      const inputSchema = z.object({ text: z.string() });
      notes.registerTool('keep', { description: 'Keeps a note.', inputSchema }, ({ text }) => ({
        content: [
          { type: 'text', text: 'Kept:' },
          { type: 'text', text },
        ],
      }));
    },
  };
}
