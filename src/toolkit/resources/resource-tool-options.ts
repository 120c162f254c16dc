import { checkValue } from '../../options/check-options.ts';
import { optionsOf } from '../../options/kinds.ts';
import { resourceToolOptions } from '../../options/tables/toolkit.ts';

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

/** Checks the options and fills in defaults; undefined without `downloadTo`. Throws `CONFIG_INVALID`. */
export function resolveDownloads(options: ResourceToolOptions): ResolvedDownloads | undefined {
  checkValue('resources', optionsOf(resourceToolOptions), options);
  const { maxFileBytes, maxTotalBytes } = resourceToolOptions;
  if (options.downloadTo === undefined) return undefined;
  return {
    folder: options.downloadTo,
    maxFileBytes: options.maxFileBytes ?? maxFileBytes.default,
    maxTotalBytes: options.maxTotalBytes ?? maxTotalBytes.default,
  };
}
