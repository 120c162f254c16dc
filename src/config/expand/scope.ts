import type { Inputs } from './inputs.ts';
import type { JsonPath } from '../json/json-path.ts';
import { type Environment, userFolders } from '../environment.ts';
import type { Place, TemplateScope } from './template.ts';
import { processFolder, workspaceFolder } from './workspace-folder.ts';
import { basename, sep } from 'node:path';

/** The values of the references in one file. */
export class Scope {
  readonly workspace: string;
  /** Where processes start that say nothing themselves; undefined for the current folder. */
  readonly processFolder: string | undefined;
  readonly env: Environment;
  readonly #places: ReadonlyMap<string, string>;
  readonly #inputs: Inputs;

  constructor(file: string, env: Environment, inputs: Inputs) {
    this.workspace = workspaceFolder(file);
    this.processFolder = processFolder(file, env);
    this.env = env;
    this.#places = placesOf(file, env);
    this.#inputs = inputs;
  }

  /** The scope for the text at `path`. */
  at(path: JsonPath): TemplateScope {
    return {
      // Own properties only: "constructor" is no variable.
      variable: (name) => (Object.hasOwn(this.env, name) ? this.env[name] : undefined),
      place: (name) => this.#places.get(name),
      input: (id) => this.#inputs.get(id, path),
    };
  }
}

/** The values of names such as `${workspaceFolder}` in a file. */
function placesOf(file: string, env: Environment): ReadonlyMap<string, string> {
  const workspace = workspaceFolder(file);
  const values: Readonly<Record<Place, string>> = {
    workspaceFolder: workspace,
    workspaceFolderBasename: basename(workspace),
    userHome: userFolders(env).home,
    pathSeparator: sep,
    '/': sep,
  };
  return new Map(Object.entries(values));
}
