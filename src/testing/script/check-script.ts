import { badTestInput } from '../../errors/testing.ts';
import {
  anything,
  count,
  durationMs,
  flag,
  integer,
  listOf,
  mapOf,
  nonEmpty,
  object,
  oneOf,
  orNull,
  positive,
  shape,
  string,
  tagged,
  type Check,
} from './checks.ts';
import type {
  ControlCommand,
  Faults,
  ScriptedPrompt,
  ScriptedResource,
  ScriptedResourceTemplate,
  ScriptedTool,
  ServerScript,
  ToolBehaviour,
} from './script.ts';

/** A check for each field of `T`, so that the compiler reports a new field without one. */
type ChecksOf<T> = { [K in keyof Required<T>]: Check };

const rpcError = { code: integer, message: string };
const crash = { code: count, signal: oneOf('SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT') };
const level = oneOf('debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency');
const kind = oneOf('tools', 'resources', 'resourceTemplates', 'prompts');

// These two checks are recursive: a tool may replace the tools.
const tools: Check = (value, path) => listOf(shape({ name: string }, toolFields))(value, path);
const command: Check = (value, path) => tagged('command', commands)(value, path);

const type = anything;
const behaviours: Record<ToolBehaviour['type'], Check> = {
  echo: shape({ type }),
  canary: shape({ type }, { maxDelayMs: durationMs }),
  text: shape({ type, text: string }),
  big: shape({ type, bytes: count }),
  result: shape({ type, result: object }, { raw: flag }),
  error: shape({ type, message: string }),
  rpcError: shape({ type, ...rpcError }, { data: anything }),
  slow: shape({ type, ms: durationMs }, { ignoreCancel: flag }),
  hang: shape({ type }),
  sleepUntilCancelled: shape({ type }),
  crash: shape({ type }, crash),
  crashAfterAnswer: shape({ type }, crash),
  progress: shape({ type, steps: count }, { everyMs: durationMs }),
  log: shape({ type, level, data: anything }, { times: count }),
  sample: shape({ type, params: object }, { rounds: positive }),
  elicit: shape({ type, params: object }, { rounds: positive }),
  roots: shape({ type }, { rounds: positive }),
  count: shape({ type }),
  whoami: shape({ type }),
  setTools: shape({ type, tools }),
  control: shape({ type, command }),
};

const does: Check = (value, path) => {
  const one = tagged('type', behaviours);
  if (!Array.isArray(value)) return one(value, path);
  return value.length === 0 ? `${path} must not be empty` : listOf(one)(value, path);
};

const toolFields: Omit<ChecksOf<ScriptedTool>, 'name'> = {
  title: string,
  description: string,
  inputSchema: object,
  outputSchema: object,
  annotations: object,
  _meta: object,
  wire: object,
  does,
};

const described = { name: string, title: string, description: string, wire: object };

const resourceFields: Omit<ChecksOf<ScriptedResource>, 'uri'> = {
  ...described,
  mimeType: string,
  text: string,
  blob: string,
};
const resources = listOf(shape({ uri: string }, resourceFields));

const templateFields: Omit<ChecksOf<ScriptedResourceTemplate>, 'uriTemplate'> = {
  ...described,
  mimeType: string,
  text: string,
};
const resourceTemplates = listOf(shape({ uriTemplate: string }, templateFields));

const promptFields: ChecksOf<ScriptedPrompt> = {
  ...described,
  arguments: listOf(shape({ name: string }, { description: string, required: flag })),
  messages: listOf(object),
};
const prompts = listOf(shape({ name: string }, promptFields));

const faultFields: ChecksOf<Faults> = {
  garbage: shape({ at: oneOf('start', 'answers'), lines: listOf(string) }, { base64: flag }),
  halfLine: flag,
  exitAtStart: shape({}, { code: count, stderr: string, times: positive }),
  stderr: string,
  neverInitialize: flag,
  dieOnInitialize: flag,
  dieOnDiscover: flag,
  ignoreDiscover: flag,
  ignore: listOf(nonEmpty),
  refuse: mapOf(shape(rpcError, { data: anything })),
  dropAnswer: positive,
  unknownIdAnswer: flag,
  duplicateAnswers: flag,
  requestUnknownMethod: flag,
  flap: shape({ afterMs: durationMs }),
  ignoreTermination: flag,
  grandchild: shape({}, { lifeMs: durationMs, holdPipes: flag }),
  hugeLineBytes: positive,
  listStorm: flag,
  sessionExpiresAfter: positive,
  httpStatus: shape(
    { status: positive },
    { headers: mapOf(string), body: string, times: positive, httpMethod: oneOf('GET', 'POST', 'DELETE') },
  ),
};
const faults = shape({}, faultFields);
const faultChanges = shape(
  {},
  Object.fromEntries(Object.entries(faultFields).map(([name, field]) => [name, orNull(field)])),
);

const scriptFields: ChecksOf<ServerScript> = {
  name: nonEmpty,
  version: nonEmpty,
  title: string,
  instructions: string,
  era: oneOf('legacy', 'modern', 'both'),
  protocolVersions: listOf(nonEmpty),
  answerVersion: nonEmpty,
  capabilities: object,
  tools,
  fillerTools: count,
  resources,
  resourceTemplates,
  prompts,
  completions: listOf(shape({ ref: string, argument: string, values: listOf(string) })),
  pageSize: positive,
  repeatCursor: flag,
  endlessPages: flag,
  failLists: listOf(kind),
  ttlMs: count,
  startDelayMs: durationMs,
  answerDelayMs: durationMs,
  encoding: oneOf('utf8', 'utf16le', 'latin1'),
  faults,
  ledgerFile: nonEmpty,
};
const script = shape({}, scriptFields);

const named = anything;
const commands: Record<ControlCommand['command'], Check> = {
  setTools: shape({ command: named, tools }),
  setResources: shape({ command: named, resources }),
  setResourceTemplates: shape({ command: named, resourceTemplates }),
  setPrompts: shape({ command: named, prompts }),
  resourceUpdated: shape({ command: named, uri: string }),
  crash: shape({ command: named }, crash),
  hang: shape({ command: named }, { forMs: durationMs }),
  resume: shape({ command: named }),
  setFaults: shape({ command: named, faults: faultChanges }),
  notify: shape({ command: named, method: nonEmpty }, { params: object }),
  expireSessions: shape({ command: named }),
};

/** Throws `CONFIG_INVALID` for an invalid script. */
export function checkScript(value: unknown): asserts value is ServerScript {
  const problem = script(value, 'script') ?? countable(value as ServerScript);
  if (problem !== undefined) throw badTestInput('This is no server script', problem);
}

function countable({ faults: given, ledgerFile }: ServerScript): string | undefined {
  if (given?.exitAtStart?.times === undefined || ledgerFile !== undefined) return undefined;
  return 'script.faults.exitAtStart.times needs script.ledgerFile, where starts are counted';
}

/** Throws `CONFIG_INVALID` for an invalid command. */
export function checkCommand(value: ControlCommand): void {
  const problem = command(value, 'command');
  if (problem !== undefined) throw badTestInput('This cannot be done to a server', problem);
}

/** The command in the parameters of a `testing/control` request, or a text that says why they are invalid. */
export function parseCommand({ _meta, ...params }: Record<string, unknown>): ControlCommand | string {
  return command(params, 'params') ?? (params as ControlCommand);
}
