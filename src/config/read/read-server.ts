import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { isRecord } from '../../internal/checks.ts';
import { nearest, printable } from '../../internal/text.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { authHeaders, authOf, type AuthSettings, type ConfigOAuthOptions } from '../auth.ts';
import { isFile } from '../find-config.ts';
import { checkSettings } from './check-settings.ts';
import type { ConfiguredServer } from '../config.ts';
import { describe, describeWord } from '../../options/wording.ts';
import type { Findings } from './findings.ts';
import type { JsonPath } from '../json/json-path.ts';
import { readTextFile, UnreadableFile } from './read-file.ts';
import { stdioSettings, transportNamed, urlSettings } from './settings.ts';
import type { Scope } from '../expand/scope.ts';
import { withCommandLine } from './command-line.ts';
import { ofKind, serverFields, warnOfOtherKind, type ServerFields } from './server-fields.ts';
import { OwnVariables, type FileVariables } from '../expand/own-variables.ts';
import { expandTemplate, TemplateError } from '../expand/template.ts';

/** A server of a file; `plain` is its data, to be compared after a reload. */
interface ReadServer {
  readonly server: ConfiguredServer;
  readonly plain: unknown;
  /** Its fields as the file has them, with references in place of values. */
  readonly unexpanded: Readonly<Record<string, unknown>>;
}

/** Reads the server at `path`. Returns undefined when it has a problem, which is added to the findings. */
export async function readServer(
  name: string,
  given: unknown,
  path: JsonPath,
  scope: Scope,
  findings: Findings,
  oauth: ConfigOAuthOptions | undefined,
): Promise<ReadServer | 'disabled' | undefined> {
  if (!isRecord(given)) {
    const message = `found ${describe(given)}, allowed an object with "command" or "url"`;
    findings.problem(path, message, name);
    return undefined;
  }
  const fields = serverFields(given, path, findings);
  if (fields.values['disabled'] === true) return 'disabled';
  for (const [key, meant] of fields.misspelt) {
    const message = `found no filter that is known. Did you mean "${meant}"? A filter is never passed over`;
    findings.keyProblem([...path, key], message, name);
  }
  const isProcess = 'command' in fields.values;
  if (isProcess === 'url' in fields.values) {
    findings.problem(path, shapeFault(fields, isProcess), name);
    return undefined;
  }
  const reader: ServerReader = { name, fields, scope, findings, oauth };
  return isProcess ? readProcess(reader) : readRemote(reader);
}

interface ServerReader {
  readonly name: string;
  readonly fields: ServerFields;
  readonly scope: Scope;
  readonly findings: Findings;
  readonly oauth: ConfigOAuthOptions | undefined;
}

function shapeFault({ unknown }: ServerFields, hasBoth: boolean): string {
  if (hasBoth) return 'found both "command" and "url", allowed one of them';
  const meant = unknown.find((key) => nearest(key, ['command', 'url']).length > 0);
  const hint = meant === undefined ? '' : ` (perhaps that is what "${printable(meant, 80)}" was to be)`;
  return `found neither "command" nor "url", allowed one of them${hint}`;
}

async function readProcess(given: ServerReader): Promise<ReadServer | undefined> {
  const { name, scope, findings } = given;
  const fields = await withCommandLine(given.fields, findings, (path) => isProgram(path, given));
  const reader = { ...given, fields };
  const values = ofKind(fields, 'stdio');
  warnOfOtherKind(fields, 'stdio', findings);
  const fileVariables = await readEnvFile(reader);
  const own = ownVariables(reader, fileVariables);
  const raw = { values, locate: fields.locate, scopeAt: (path: JsonPath) => own.scopeAt(path), server: name };
  const settings = checkSettings(stdioSettings, raw, findings);
  if (settings === undefined || fileVariables === 'unknown') return undefined;
  const { disabled: _, envFile, env, command, cwd, ...rest } = settings;
  const variables =
    env === undefined && envFile === undefined
      ? undefined
      : { ...Object.fromEntries(fileVariables), ...textsOf(env ?? {}) };
  const folder = cwd === undefined ? scope.processFolder : resolve(scope.workspace, cwd);
  const server = {
    ...rest,
    command: /^\.\.?[\\/]/.test(command) ? resolve(scope.workspace, command) : command,
    ...(folder !== undefined && { cwd: folder }),
    ...(variables !== undefined && { env: variables }),
  };
  return { server, plain: server, unexpanded: values };
}

/** Whether a path, unexpanded, leads to a file. */
async function isProgram(path: string, reader: ServerReader): Promise<boolean> {
  const own = ownVariables(reader, new Map());
  try {
    return await isFile(resolve(reader.scope.workspace, expandTemplate(path, own.scopeAt(['command']))));
  } catch (error) {
    if (error instanceof TemplateError) return false;
    throw error;
  }
}

function ownVariables({ fields, scope }: ServerReader, file: FileVariables): OwnVariables {
  const { env } = fields.values;
  return new OwnVariables(isRecord(env) ? env : {}, file, (path) => scope.at(fields.locate(path)));
}

/** Reads the variables of the `envFile`; its path is expanded with the environment alone. */
async function readEnvFile({ name, fields, scope, findings }: ServerReader): Promise<FileVariables> {
  const { envFile } = fields.values;
  if (typeof envFile !== 'string' || envFile === '') return new Map();
  const place = fields.locate(['envFile']);
  try {
    const path = resolve(scope.workspace, expandTemplate(envFile, scope.at(place)));
    return new Map(Object.entries(textsOf(parseEnv(await readTextFile(path)))));
  } catch (error) {
    // A path that cannot be expanded becomes a problem with the other settings.
    if (error instanceof TemplateError) return 'unknown';
    if (!(error instanceof UnreadableFile)) throw error;
    findings.problem(place, `found a file that cannot be read: ${error.why}`, name);
    return 'unknown';
  }
}

/** Environment variables are strings: converts numbers and booleans. */
function textsOf(env: Readonly<Record<string, unknown>>): Record<string, string> {
  const set = Object.entries(env).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(set.map(([key, value]) => [key, String(value)]));
}

async function readRemote(reader: ServerReader): Promise<ReadServer | undefined> {
  const { name, fields, findings } = reader;
  const own = ownVariables(reader, new Map());
  const values = ofKind(fields, 'url');
  const raw = { values, locate: fields.locate, scopeAt: (path: JsonPath) => own.scopeAt(path), server: name };
  const settings = checkSettings(urlSettings, raw, findings);
  warnOfOtherKind(fields, 'url', findings, own.used.size > 0 ? ['env'] : []);
  if (settings === undefined) return undefined;
  const { disabled: _, type: word, auth, ...rest } = settings;
  const type = transportNamed(word);
  const isSocket = /^wss?:$/.test(new URL(rest.url).protocol);
  if (type !== undefined && (type === 'websocket') !== isSocket) {
    const allowed = isSocket
      ? 'type "websocket", or none, for a ws: or wss: URL'
      : 'another type for an http: or https: URL';
    findings.problem(fields.locate(['type']), `found ${describeWord(word)}, allowed ${allowed}`, name);
    return undefined;
  }
  const spec = { ...rest, ...(type !== undefined && { type }) };
  if (auth === undefined) return { server: spec, plain: spec, unexpanded: values };
  const headers = { ...rest.headers };
  if (Object.keys(headers).some((key) => key.toLowerCase() === 'authorization')) {
    const message = 'found "auth" beside a header "Authorization", allowed one of them';
    findings.problem(fields.locate(['auth']), message, name);
    return undefined;
  }
  const credentials = await (isSocket ? credentialsOfSocket(auth, headers) : credentialsOf(auth, reader));
  if (typeof credentials !== 'string')
    return { server: { ...spec, ...credentials }, plain: { ...spec, auth }, unexpanded: values };
  findings.problem(fields.locate(['auth']), credentials, name);
  return undefined;
}

/** A WebSocket sends credentials as headers only. Returns a text when that is not possible. */
function credentialsOfSocket(auth: AuthSettings, headers: Readonly<Record<string, string>>) {
  const sent = authHeaders(auth);
  if (sent === undefined) return `found ${describeWord(auth.type)}, allowed type "bearer" for a WebSocket`;
  return { headers: { ...headers, ...sent } };
}

async function credentialsOf(auth: AuthSettings, { scope, oauth }: ServerReader) {
  try {
    return { auth: await authOf(auth, { workspace: scope.workspace, env: scope.env, oauth }) };
  } catch (error) {
    if (!(error instanceof PlenumError) || error.code !== 'CONFIG_INVALID') throw error;
    return `found options that do not go together: ${error.message}`;
  }
}
