import { PlenumError } from '../../errors/plenum-error.ts';
import { checkCount, checkText, isRecord } from '../../internal/checks.ts';

/** Options of the tools for resources. */
export interface ResourceToolOptions {
  /**
   * A folder to which resources are saved. The model then gets their names and sizes instead of their contents. The
   * folder is created when it is first needed. File names are made from the URIs; no file is overwritten, and no link
   * is followed.
   */
  readonly downloadTo?: string;
  /**
   * The maximum size of one file, in bytes.
   * @default 67108864 (64 MiB)
   */
  readonly maxFileBytes?: number;
  /**
   * The maximum size of all files that a toolkit saves, in bytes.
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

/** Checks the options and fills in defaults; undefined without `downloadTo`. Throws `CONFIG_INVALID`. */
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
