import { configFailure } from '../../errors/config.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { importSources, type ImportOptions, type ImportSource } from './editors.ts';
import { checkOptions } from '../../options/check-options.ts';
import { importOptions } from '../../options/tables/config.ts';
import { isFile } from '../find-config.ts';
import { portableServer } from './portable-server.ts';
import { flagOf } from '../read/foreign-keys.ts';
import { serverTarget } from '../read/server-target.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';

/** A server in a file of another program. */
export interface FoundServer {
  readonly name: string;
  /**
   * The definition in a form that a Plenum configuration accepts, with its references unexpanded. May contain
   * secrets.
   */
  readonly definition: Readonly<Record<string, unknown>>;
  /** The inputs that the definition uses, in VS Code's format. */
  readonly inputs: readonly Readonly<Record<string, unknown>>[];
  /** The folder that relative paths and `${workspaceFolder}` refer to, if it is known. */
  readonly folder?: string;
  /** The command line or the URL, with `…` instead of possible secrets. */
  readonly target: string;
  readonly disabled: boolean;
  readonly source: ImportSource;
}

/** A file of another program, with the servers in it. */
export interface EditorConfig extends ImportSource {
  readonly servers: readonly FoundServer[];
  /** Why the file could not be read. */
  readonly error?: PlenumError;
}

/** Reads the existing files of the known programs, with their servers. Changes nothing. */
export async function readEditorConfigs(options: ImportOptions = {}): Promise<EditorConfig[]> {
  checkOptions(importOptions, options, 'Options of readEditorConfigs()');
  const read = createReader();
  const configs: EditorConfig[] = [];
  for (const source of importSources(options)) {
    if (!(await isFile(source.path))) continue;
    const config = await readSource(source, read);
    if (config !== undefined) configs.push(config);
  }
  return configs;
}

type Read = (path: string) => Promise<Readonly<Record<string, unknown>>>;

async function readSource(source: ImportSource, read: Read): Promise<EditorConfig | undefined> {
  let root: Readonly<Record<string, unknown>>;
  try {
    root = await read(source.path);
  } catch (error) {
    return {
      ...source,
      servers: [],
      error: configFailure(`Reading ${source.path}`, error),
    };
  }
  let section: unknown = root;
  for (const key of source.section)
    section = isRecord(section) && Object.hasOwn(section, key) ? section[key] : undefined;
  if (!isRecord(section)) return undefined;
  const servers = Object.entries(section).flatMap(
    ([name, given]) => foundServer(name, given, source, root) ?? [],
  );
  return { ...source, servers };
}

function foundServer(
  name: string,
  given: unknown,
  source: ImportSource,
  root: Readonly<Record<string, unknown>>,
): FoundServer | undefined {
  const definition = portableServer(source.editor, given);
  if (definition === undefined) return undefined;
  const folder = folderOf(source);
  return {
    name,
    definition,
    inputs: inputsOf(definition, root['inputs']),
    ...(folder !== undefined && { folder }),
    target: serverTarget(definition),
    disabled:
      flagOf(definition['disabled']) === true ||
      flagOf(definition['enabled']) === false ||
      flagOf(definition['isActive']) === false,
    source,
  };
}

function folderOf({ scope, section, path }: ImportSource): string | undefined {
  if (scope === 'user') return undefined;
  return section[0] === 'projects' ? section[1] : workspaceFolder(path);
}

/** The inputs of the file that a definition refers to. */
function inputsOf(definition: unknown, given: unknown): Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(given)) return [];
  const text = JSON.stringify(definition);
  return (given as unknown[])
    .filter(isRecord)
    .filter(({ id }) => typeof id === 'string' && text.includes(`\${input:${id}}`));
}

/** Reads each file once, although it may have several sections with servers. */
function createReader(): Read {
  const roots = new Map<string, ReturnType<Read>>();
  const read: Read = async (path) => {
    const { readJsonFile } = await import('../read/read-file.ts');
    return (await readJsonFile(path)).root;
  };
  return (path) => {
    const root = roots.get(path) ?? read(path);
    roots.set(path, root);
    return root;
  };
}
