import { PlenumError } from '../../errors/plenum-error.ts';
import { checkCount, checkText, isRecord } from '../../internal/checks.ts';

/** How tools for resources behave. */
export interface ResourceToolOptions {
  /**
   * A folder that resources are saved into, instead of being shown to the model, which is told names and sizes. It is
   * made when it is first needed. Names come from the URIs, made safe; no file is ever overwritten, and no link followed.
   */
  readonly downloadTo?: string;
  /**
   * How many bytes one file may have.
   * @default 67108864 (64 MiB)
   */
  readonly maxFileBytes?: number;
  /**
   * How many bytes all files together may have, as long as the toolkit lives.
   * @default 1073741824 (1 GiB)
   */
  readonly maxTotalBytes?: number;
}

export interface ResolvedDownloads {
  readonly folder: string;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

const MIB = 1024 * 1024;

/** Where to save to, if anywhere. Throws `CONFIG_INVALID`. */
export function resolveDownloads(options: ResourceToolOptions): ResolvedDownloads | undefined {
  const given: unknown = options;
  if (!isRecord(given)) {
    throw new PlenumError('CONFIG_INVALID', 'Option "resources" must be true, false or an object.');
  }
  const maxFileBytes = checkCount('resources.maxFileBytes', given['maxFileBytes'], 0) ?? 64 * MIB;
  const maxTotalBytes = checkCount('resources.maxTotalBytes', given['maxTotalBytes'], 0) ?? 1024 * MIB;
  if (options.downloadTo === undefined) return undefined;
  checkText('resources.downloadTo', options.downloadTo);
  return { folder: options.downloadTo, maxFileBytes, maxTotalBytes };
}
