import { isRecord } from '../checks.ts';

/** Whether a value has lists or objects nested deeper than so many levels. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (Array.isArray(value)) {
    if (levels === 0) return true;
    for (const item of value) if (isDeeperThan(levels - 1, item)) return true;
    return false;
  }
  if (!isRecord(value)) return false;
  if (levels === 0) return true;
  for (const key in value) if (isDeeperThan(levels - 1, value[key])) return true;
  return false;
}
