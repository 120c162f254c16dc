import { basename, resolve } from 'node:path';
import { isRecord } from '../../internal/checks.ts';
import { nearest, printable, suggestion } from '../../internal/text.ts';
import { checkSettings, type RawSettings } from './check-settings.ts';
import type {
  Config,
  ConfiguredGateway,
  ConfiguredServer,
  LoadConfigOptions,
  ReadConfig,
} from '../config.ts';
import { meantBy } from '../../options/check-options.ts';
import { knownPart } from '../../options/known-part.ts';
import { describe } from '../../options/wording.ts';
import { Findings } from './findings.ts';
import { Inputs, readInputs } from '../expand/inputs.ts';
import type { Environment } from '../environment.ts';
import type { ConsentGate } from '../consent/consent-gate.ts';
import { isFilter, meantFilter } from './foreign-keys.ts';
import type { Duplicate, JsonDocument } from '../json/json-document.ts';
import { readJsonFile } from './read-file.ts';
import { readServer } from './read-server.ts';
import { noteUnexpanded } from './unexpanded.ts';
import { gatewaySettings, groupSettings, type SettingsKind } from './settings.ts';
import { Scope } from '../expand/scope.ts';
import type { JsonPath } from '../json/json-path.ts';

const SECTIONS = ['mcpServers', 'servers'] as const;
const KNOWN_KEYS: readonly string[] = ['$schema', ...SECTIONS, 'inputs', 'plenum', 'gateway'];

/** Files that are for servers only, where an unknown key is probably a mistake. */
const OWN_FILE = /^(\.?mcp|plenum)\.jsonc?$/;

/** How to read a file; see {@link LoadConfigOptions}. */
export interface ReadOptions extends Pick<LoadConfigOptions, 'prompt' | 'oauth' | 'tolerant' | 'only'> {
  readonly env: Environment;
  /** Of a file that was found: it passes before anything is expanded. */
  readonly gate?: ConsentGate;
}

/** Reads, expands and checks the file at `path`. Rejects with `CONFIG_INVALID`. */
export async function readConfig(path: string, options: ReadOptions): Promise<ReadConfig> {
  const { env, prompt, tolerant = false, gate } = options;
  const { document, findings, root } = await readJsonFile(path);
  await gate?.pass(root);
  const round = async (inputs: Inputs, found: Findings): Promise<ReadConfig> => {
    const read = await readRoot(document, root, new Scope(path, env, inputs), found, { ...options, path });
    if (!tolerant) found.throwIfFailed();
    found.throwIfUnusable();
    return read;
  };
  const inputs = new Inputs(readInputs(root['inputs'], findings), prompt !== undefined);
  const read = await round(inputs, findings);
  if (inputs.complete || prompt === undefined) return read;
  const { broken } = read.config;
  await inputs.ask(
    prompt,
    ([section, name]) =>
      section === 'plenum' || section === 'gateway' || !Object.hasOwn(broken, String(name)),
  );
  return round(inputs, new Findings(path, document));
}

async function readRoot(
  document: JsonDocument,
  root: Readonly<Record<string, unknown>>,
  scope: Scope,
  findings: Findings,
  { path, oauth, only }: ReadOptions & { readonly path: string },
): Promise<ReadConfig> {
  const duplicates = duplicatesByPlace(document);
  for (const each of duplicates.get('') ?? []) findings.duplicateProblem(each);
  if (OWN_FILE.test(basename(path))) refuseFilters(root, {}, [], findings);
  warnOfUnknownKeys(path, root, findings);
  const group = readSection(groupSettings, 'plenum', root, scope, findings) ?? {};
  refuseAccessRules(root['gateway'], findings);
  const section = readSection(gatewaySettings, 'gateway', root, scope, findings);
  const gateway = section && withPaths(section, scope.workspace);
  const servers = new Map<string, ConfiguredServer>();
  const plain = new Map<string, unknown>();
  const disabled: string[] = [];
  for (const { name, given, section } of serversOf(root, findings, only)) {
    const read = await readServer(name, given, [section, name], scope, findings, oauth);
    const again = duplicates.get(placeOf([section, name])) ?? [];
    reportDuplicates(again, name, read === 'disabled', findings);
    if (read === 'disabled') disabled.push(name);
    else if (read !== undefined) {
      servers.set(name, read.server);
      noteUnexpanded(read.server, read.unexpanded);
      plain.set(name, read.plain);
    }
  }
  const broken = findings.broken();
  for (const name of broken.keys()) {
    servers.delete(name);
    plain.delete(name);
  }
  const config: Config = {
    ...group,
    ...(gateway !== undefined && { gateway }),
    servers: Object.fromEntries(servers),
    broken: Object.fromEntries(broken),
    disabled,
    path,
    warnings: findings.warnings,
  };
  return { config, plain: { servers: plain, group, gateway } };
}

function duplicatesByPlace({ duplicates }: JsonDocument): Map<string, Duplicate[]> {
  const byPlace = new Map<string, Duplicate[]>();
  for (const each of duplicates) {
    const place = placeOf(each.path);
    const others = byPlace.get(place);
    if (others === undefined) byPlace.set(place, [each]);
    else others.push(each);
  }
  return byPlace;
}

/** The server that a path leads to; empty for what holds for the whole file, `other` for what is not Plenum's. */
function placeOf([section = '', name]: JsonPath): string {
  const isServer = name !== undefined && SECTIONS.some((each) => each === section);
  if (isServer) return JSON.stringify([section, name]);
  return KNOWN_KEYS.includes(String(section)) ? '' : 'other';
}

/** Of a member that stands twice the last one counts, but not where that could let more through. */
function reportDuplicates(
  duplicates: readonly Duplicate[],
  server: string,
  isDisabled: boolean,
  findings: Findings,
): void {
  for (const each of duplicates) {
    const [, , key] = each.path;
    if (key === undefined || (!isDisabled && isFilter(String(key)))) findings.duplicateProblem(each, server);
    else findings.duplicateWarning(each);
  }
}

/** Reads what holds for the whole file; undefined when it says nothing. */
function readSection<T>(
  settings: SettingsKind<T>,
  section: string,
  root: Readonly<Record<string, unknown>>,
  scope: Scope,
  findings: Findings,
): T | undefined {
  const given = root[section];
  if (given === undefined) return undefined;
  if (!isRecord(given)) {
    findings.problem([section], `found ${describe(given)}, allowed an object of options`);
    return undefined;
  }
  refuseFilters(given, settings.table, [section], findings);
  const locate = (path: JsonPath): JsonPath => [section, ...path];
  const raw: RawSettings = { values: given, locate, scopeAt: (path) => scope.at(locate(path)) };
  return checkSettings(settings, raw, findings);
}

/** An unknown option of these sections is a problem, not a warning: a rule that is passed over would let too many in. */
function refuseAccessRules(gateway: unknown, findings: Findings): void {
  if (!isRecord(gateway)) return;
  if (gateway['lock'] !== undefined && gateway['lock'] !== null)
    findings.keyProblem(
      ['gateway', 'lock'],
      'found a lock, which a file cannot have here; the lock is plenum.lock.json beside it, which "plenum lock" writes',
    );
  for (const section of ['auth', 'audit', 'signIn', 'cluster', 'clients']) {
    const option = gatewaySettings.table[section];
    if (option === undefined) continue;
    knownPart(option.kind, gateway[section], (path, table) => {
      const key = String(path.at(-1));
      const message = `found the unknown option "${printable(key, 80)}".${meantBy(key, table)}`;
      findings.keyProblem(['gateway', section, ...path], message.replace(/\.$/, ''));
    });
  }
}

/** Paths in a file start from its workspace folder. */
function withPaths(gateway: ConfiguredGateway, workspace: string): ConfiguredGateway {
  const { auth, audit, signIn } = gateway;
  return {
    ...gateway,
    ...(auth?.keys !== undefined && { auth: { ...auth, keys: resolve(workspace, auth.keys) } }),
    ...(signIn?.file !== undefined && { signIn: { ...signIn, file: resolve(workspace, signIn.file) } }),
    ...(audit?.file !== undefined && { audit: { ...audit, file: resolve(workspace, audit.file) } }),
  };
}

/** A filter where none can be would be passed over, and every tool offered. */
function refuseFilters(
  given: Readonly<Record<string, unknown>>,
  known: object,
  path: JsonPath,
  findings: Findings,
): void {
  for (const [key, value] of Object.entries(given)) {
    if (
      Object.hasOwn(known, key) ||
      value === null ||
      (!isFilter(key) && meantFilter(key, value) === undefined)
    )
      continue;
    findings.keyProblem([...path, key], 'found a filter of tools; "allow" and "deny" stand in each server');
  }
}

interface ServerEntry {
  readonly name: string;
  readonly given: unknown;
  readonly section: string;
}

/** The servers of both sections that `only` accepts. */
function serversOf(
  root: Readonly<Record<string, unknown>>,
  findings: Findings,
  isWanted: (name: string) => boolean = () => true,
): ServerEntry[] {
  const present = SECTIONS.filter((section) => root[section] !== undefined);
  if (present.length === 0) {
    const meant = Object.keys(root).find((key) => nearest(key, SECTIONS).length > 0);
    const hint = meant === undefined ? '' : ` (perhaps that is what "${printable(meant, 80)}" was to be)`;
    findings.problem([], `found no servers, allowed "mcpServers" or "servers"${hint}`);
  }
  const entries = new Map<string, ServerEntry>();
  for (const section of present) {
    const given = root[section];
    if (!isRecord(given)) {
      findings.problem([section], `found ${describe(given)}, allowed an object of servers by name`);
      continue;
    }
    for (const [name, server] of Object.entries(given)) {
      if (!isWanted(name)) continue;
      const fault = nameFault(name, entries.get(name)?.section);
      if (fault === undefined) entries.set(name, { name, given: server, section });
      else findings.keyProblem([section, name], fault, name);
    }
  }
  return [...entries.values()];
}

/** Names are unique in a file. */
function nameFault(name: string, earlier: string | undefined): string | undefined {
  if (name === '') return 'found a server without a name';
  // Assigning a property `__proto__` would change the prototype of the object that servers are copied to.
  if (name === '__proto__' || name.includes('\0')) return 'found a name that no server can have';
  if (earlier === undefined) return undefined;
  return `found "${printable(name, 80)}" a second time, the first is under "${earlier}"; a name stands once`;
}

function warnOfUnknownKeys(path: string, root: object, findings: Findings): void {
  const isOwn = OWN_FILE.test(basename(path));
  for (const key of Object.keys(root)) {
    if (KNOWN_KEYS.includes(key) || (!isOwn && nearest(key, KNOWN_KEYS).length === 0)) continue;
    findings.warn([key], `Unknown key "${printable(key, 80)}".${suggestion(key, KNOWN_KEYS)}`);
  }
}
