import { isRecord } from '../../internal/checks.ts';
import { setValue } from './edit-json.ts';
import { describe } from '../../options/wording.ts';
import { readJsonFile } from '../read/read-file.ts';

const SECTIONS = ['mcpServers', 'servers'] as const;

/** Edits the text of a configuration and keeps its comments and layout. */
export class ConfigEditor {
  #text: string;
  readonly #mark: string;
  /** The servers of the file, each with its section. */
  readonly #servers = new Map<string, { readonly section: string; readonly definition: unknown }>();
  readonly #section: string;
  readonly #inputIds: unknown[];

  private constructor(text: string, mark: string, root: Readonly<Record<string, unknown>>) {
    this.#text = text;
    this.#mark = mark;
    for (const section of SECTIONS) {
      for (const [name, definition] of Object.entries(root[section] ?? {})) {
        this.#servers.set(name, { section, definition });
      }
    }
    this.#section = SECTIONS.find((section) => section in root) ?? 'mcpServers';
    this.#inputIds = Array.isArray(root['inputs']) ? root['inputs'].map(idOf) : [];
  }

  /** Opens a file; without a path it starts an empty one. Rejects with `CONFIG_INVALID`. */
  static async open(path: string | undefined): Promise<ConfigEditor> {
    if (path === undefined) return new ConfigEditor('{\n  "mcpServers": {}\n}\n', '', { mcpServers: {} });
    const { document, findings, root } = await readJsonFile(path);
    // What is written would go to one of the two.
    for (const duplicate of document.duplicates) findings.duplicateProblem(duplicate);
    for (const section of SECTIONS) {
      const given = root[section];
      if (given !== undefined && !isRecord(given))
        findings.problem([section], `found ${describe(given)}, allowed an object of servers by name`);
    }
    const { inputs } = root;
    if (inputs !== undefined && !Array.isArray(inputs))
      findings.problem(['inputs'], `found ${describe(inputs)}, allowed an array of inputs`);
    findings.throwIfFailed();
    return new ConfigEditor(document.text, document.byteOrderMark, root);
  }

  get text(): string {
    return this.#mark + this.#text;
  }

  /** The definition of a server; undefined when the file has none. */
  server(name: string): unknown {
    return this.#servers.get(name)?.definition;
  }

  setServer(name: string, definition: unknown): void {
    const section = this.#servers.get(name)?.section ?? this.#section;
    this.#text = setValue(this.#text, [section, name], definition);
    this.#servers.set(name, { section, definition });
  }

  /** Adds an input, unless one has the same id. */
  addInput(input: Readonly<Record<string, unknown>>): void {
    const id = idOf(input);
    if (this.#inputIds.includes(id)) return;
    this.#text = setValue(this.#text, ['inputs', this.#inputIds.length], input);
    this.#inputIds.push(id);
  }
}

function idOf(input: unknown): unknown {
  return isRecord(input) ? input['id'] : undefined;
}
