import { checkOptions, checkValue } from '../options/check-options.ts';
import { anyFunction } from '../options/kinds.ts';
import { runOptions } from '../options/tables/manager.ts';
import type { RunOptions, RunWork } from './runs/run-options.ts';

/** Throws `CONFIG_INVALID`. */
export function checkRun(work: RunWork<unknown>, options: RunOptions): void {
  checkValue('work', anyFunction, work);
  checkOptions(runOptions, options, 'Options of run()');
}
