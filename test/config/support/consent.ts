import { join } from 'node:path';
import { reviewFile } from '../../../src/config/consent/review.ts';
import { folderWith } from './files.ts';

/** An environment whose user has an empty home, and has agreed to nothing. */
export function newUser(): { env: Record<string, string>; home: string } {
  const home = folderWith();
  return { home, env: { HOME: home, USERPROFILE: home, APPDATA: join(home, 'AppData/Roaming') } };
}

/** The user agrees to a file as it is now, as with "plenum trust". */
export async function agreeTo(path: string, env: Readonly<Record<string, string>>): Promise<void> {
  await (await reviewFile(path, join(path, '..'), env)).agree();
}
