import { join } from 'node:path';
import type { HeardResult, Step } from '../support/wire.ts';
import { CHART } from './servers.ts';

const result = (tool: string, text: string, rest: Partial<HeardResult> = {}): HeardResult => ({
  tool,
  text,
  images: [],
  failed: false,
  ...rest,
});

export interface ScriptedTurn {
  readonly question: string;
  /** What the model says, step by step; the last is its answer. */
  readonly steps: readonly Step[];
  /** What it is to hear between its steps. */
  readonly results: readonly (readonly HeardResult[])[];
}

/** The conversation: what is asked, what the model does, and what it is to hear. */
export function script(folder: string): {
  readonly beforeTheChange: readonly ScriptedTurn[];
  readonly afterTheChange: readonly ScriptedTurn[];
} {
  const cities = ['Oslo', 'Bergen'];
  return {
    beforeTheChange: [
      {
        question: 'How is the weather, and what is the plan?',
        steps: [
          [
            ...cities.map((city) => ({ name: 'weather__forecast', args: { city } })),
            { name: 'files__read_text_file', args: { path: join(folder, 'plan.md') } },
          ],
          'Fine in both, and a ferry at nine.',
        ],
        results: [
          [
            ...cities.map((city) => result('weather__forecast', JSON.stringify({ city }))),
            result('files__read_text_file', 'Ferry at nine, lunch in Oslo.'),
          ],
        ],
      },
      {
        question: 'Show me the chart, and count the words of its title.',
        steps: [
          [
            { name: 'files__read_media_file', args: { path: join(folder, 'chart.png') } },
            { name: 'notes__count_words', args: { text: 'Rain by month' } },
          ],
          'One pixel, three words.',
        ],
        results: [
          [
            result('files__read_media_file', '', { images: [CHART] }),
            result('notes__count_words', '{"words":3}'),
          ],
        ],
      },
      {
        question: 'Book a table for lunch.',
        steps: [
          [{ name: 'booking__book_table', args: { at: '12:00' } }],
          [{ name: 'booking__book_table', args: { at: '13:00' } }],
          'At one.',
        ],
        results: [
          [
            result('booking__book_table', 'No table at twelve. Ask for one o’clock.', {
              failed: true,
            }),
          ],
          [result('booking__book_table', '{"at":"13:00"}')],
        ],
      },
    ],
    afterTheChange: [
      {
        question: 'Keep that.',
        steps: [[{ name: 'notes__keep', args: { text: 'Lunch at one.' } }], 'Kept.'],
        results: [[result('notes__keep', 'Kept:\nLunch at one.')]],
      },
    ],
  };
}
