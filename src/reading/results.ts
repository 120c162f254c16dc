import { isRecord } from '../internal/checks.ts';
import { isDeeperThan } from '../internal/json/depth.ts';
import { asText, content, contents, isKnownBlock, messages } from './contents.ts';
import { icons, LISTS } from './definitions.ts';
import type { Findings } from './oddities.ts';
import {
  flag,
  listOf,
  MOST_LEVELS,
  name,
  number,
  only,
  record,
  recordOf,
  Shape,
  text,
  UNUSABLE,
  type Fallback,
  type Kind,
} from './shapes.ts';

/** A request that an answer belongs to. */
export interface Asked {
  readonly method: string;
  readonly params: unknown;
  /** Whether it was sent in the 2026-07-28 era. */
  readonly modern: boolean;
}

const UNKNOWN = 'unknown';
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

const token = only((value) => typeof value === 'string' || Number.isSafeInteger(value));

const metaMembers = {
  progressToken: token,
  'io.modelcontextprotocol/related-task': new Shape({ required: { taskId: name } }),
};
/** `_meta` of a result, a request or a notification. */
export const meta = new Shape({ optional: metaMembers });

const cursor: Kind = {
  fits: (value) => typeof value === 'string' && value !== '',
  mend(value, place, findings) {
    if (typeof value !== 'string') return text.mend(value, place, findings);
    findings.add('end-of-list', place);
    return undefined;
  },
};

/** Members by which results of other kinds are known. */
const OTHER_RESULTS = ['task', 'inputRequests', 'requestState'];
const isOfOtherKind = (result: Readonly<Record<string, unknown>>): boolean =>
  OTHER_RESULTS.some((key) => key in result);

const resultType: Fallback = (result, place, findings) => {
  if (isOfOtherKind(result)) return UNUSABLE;
  findings.add('result-type', `${place}: resultType`);
  return 'complete';
};
const cacheHint =
  (key: string, value: unknown): Fallback =>
  (_result, place, findings) => {
    findings.add('result-type', `${place}: ${key}`);
    return value;
  };

const complete = { required: { resultType: name }, fallbacks: { resultType } };
const cacheable = {
  required: {
    ...complete.required,
    ttlMs: only((value) => Number.isSafeInteger(value) && Number(value) >= 0),
    cacheScope: only((value) => value === 'public' || value === 'private'),
  },
  fallbacks: {
    ...complete.fallbacks,
    ttlMs: cacheHint('ttlMs', 0),
    cacheScope: cacheHint('cacheScope', 'private'),
  },
};

interface Result {
  readonly required?: Readonly<Record<string, Kind>>;
  readonly optional?: Readonly<Record<string, Kind>>;
  readonly fallbacks?: Readonly<Record<string, Fallback>>;
}

interface Eras {
  readonly legacy: Kind;
  readonly modern: Kind;
}

function inBothEras(legacy: Result, modern = legacy, envelope: Result = complete): Eras {
  const optional = { _meta: meta };
  return {
    legacy: new Shape({ ...legacy, optional: { ...legacy.optional, ...optional } }),
    modern: new Shape({
      required: { ...modern.required, ...envelope.required },
      optional: { ...modern.optional, ...optional },
      fallbacks: { ...modern.fallbacks, ...envelope.fallbacks },
    }),
  };
}

function noList(key: string): Fallback {
  return (_result, place, findings) => {
    findings.add('no-list', `${place}: ${key}`);
    return [];
  };
}

function listResult({ member, legacy, modern }: (typeof LISTS)[keyof typeof LISTS]): Eras {
  const of = (entries: Kind): Result => ({
    required: { [member]: entries },
    optional: { nextCursor: cursor },
    fallbacks: {
      [member]: (result, place, findings) => {
        const given = result[member];
        return given === null || isEmpty(given) ? noList(member)(result, place, findings) : UNUSABLE;
      },
    },
  });
  const eras = inBothEras(of(legacy), of(modern), cacheable);
  return { legacy: shallowBeside(member, eras.legacy), modern: shallowBeside(member, eras.modern) };
}

/** Leaves out what is nested too deeply in a list's other members, so that the size of the list can be told. */
function shallowBeside(member: string, kind: Kind): Kind {
  const tooDeep = (result: Readonly<Record<string, unknown>>): string[] =>
    Object.keys(result).filter((key) => key !== member && isDeeperThan(MOST_LEVELS, result[key]));
  return {
    fits: (value) => kind.fits(value) && isRecord(value) && tooDeep(value).length === 0,
    mend(value, place, findings) {
      const read = kind.mend(value, place, findings);
      if (!isRecord(read)) return read;
      const kept = { ...read };
      for (const key of tooDeep(kept)) {
        findings.add('too-deep', `${place}: ${key}`);
        delete kept[key];
      }
      return kept;
    },
  };
}

/** Some languages have one type for lists and objects, and write an empty one as an object. */
function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

const errorFlag: Kind = {
  fits: (value) => flag.fits(value),
  mend(value, place, findings) {
    const read = flag.mend(value, place, findings);
    if (read !== UNUSABLE) return read;
    findings.add('wrong-type', place);
    return value !== '';
  },
};

/** Until 2025-11-25 it must be an object, and the official client refuses anything else; here it is passed on. */
const structuredObject: Kind = {
  fits: isRecord,
  mend(value, place, findings) {
    findings.add('structured-content', place);
    findings.isBeyondClient = true;
    return value;
  },
};

const noContent: Fallback = (result, place, findings) =>
  isOfOtherKind(result) ? UNUSABLE : noList('content')(result, place, findings);

function toolResult(structuredContent: Kind): Result {
  return {
    required: { content },
    optional: { structuredContent, isError: errorFlag },
    fallbacks: { content: noContent },
  };
}

const json: Kind = {
  fits: (value) => isRecord(value) && !isDeeperThan(MOST_LEVELS, value),
  mend: (value, place, findings) => record.mend(value, place, findings),
};

/** A capability is an object; anything else but a "no" means one without details. */
function capability(kind: Kind): Kind {
  return {
    fits: (value) => kind.fits(value),
    mend(value, place, findings) {
      if (isRecord(value) || value === false || value === 0) return kind.mend(value, place, findings);
      if (typeof value === 'string' && /^\s*(?:|false|no|off|none|0)\s*$/i.test(value)) return UNUSABLE;
      findings.add('wrong-type', place);
      return {};
    },
  };
}

const listed = capability(new Shape({ optional: { listChanged: flag, subscribe: flag } }));
const capabilities = new Shape({
  optional: {
    experimental: recordOf(json),
    extensions: recordOf(json),
    logging: capability(json),
    completions: capability(json),
    tools: listed,
    resources: listed,
    prompts: listed,
    tasks: new Shape({
      optional: {
        list: capability(json),
        cancel: capability(json),
        requests: new Shape({ optional: { tools: new Shape({ optional: { call: capability(json) } }) } }),
      },
    }),
  },
});

const unknownInfo =
  (key: string): Fallback =>
  (_info, place, findings) => {
    findings.add('server-info', `${place}: ${key}`);
    return UNKNOWN;
  };

const implementation = new Shape({
  required: { name: text, version: text },
  optional: {
    title: text,
    websiteUrl: text,
    description: text,
    icons,
  },
  fallbacks: { name: unknownInfo('name'), version: unknownInfo('version') },
});

const announced: Result = {
  required: { capabilities },
  optional: { instructions: text },
  fallbacks: {
    capabilities(_result, place, findings) {
      findings.add('no-capabilities', place);
      return {};
    },
  },
};

/** A revision is a date. */
const DATE = /^(\d{4})-?(\d\d)-?(\d\d)$/;
const protocolVersion: Kind = {
  fits: (value) => typeof value === 'string' && value.trim() === value,
  mend(value, place, findings) {
    const [, year, month, day] = DATE.exec(String(value).trim()) ?? [];
    if (year === undefined) return UNUSABLE;
    findings.add('protocol-version', place);
    return `${year}-${month}-${day}`;
  },
};

const initialized = new Shape({
  required: { ...announced.required, protocolVersion, serverInfo: implementation },
  optional: { ...announced.optional, _meta: meta },
  fallbacks: {
    ...announced.fallbacks,
    serverInfo({ serverInfo }, place, findings) {
      findings.add('server-info', place);
      return { name: typeof serverInfo === 'string' ? serverInfo : UNKNOWN, version: UNKNOWN };
    },
  },
});

const discovered = new Shape({
  required: { ...announced.required, ...complete.required, supportedVersions: listOf(name) },
  optional: {
    ...announced.optional,
    _meta: new Shape({ optional: { ...metaMembers, [SERVER_INFO]: implementation } }),
  },
  fallbacks: { ...announced.fallbacks, ...complete.fallbacks },
});

/** The official client takes no more. */
const MOST_VALUES = 100;
const values = listOf(text);
const completion = new Shape({
  required: {
    values: {
      fits: (value) => values.fits(value) && Array.isArray(value) && value.length <= MOST_VALUES,
      mend(value, place, findings) {
        const read = values.fits(value) ? value : values.mend(value, place, findings);
        if (!Array.isArray(read) || read.length <= MOST_VALUES) return read;
        findings.add('too-many-values', place);
        return read.slice(0, MOST_VALUES);
      },
    },
  },
  optional: { total: number(Number.isSafeInteger), hasMore: flag },
  fallbacks: { values: noList('values') },
});

/** Until 2025-11-25; the official client accepts nothing in it but `_meta`. */
const empty: Kind = {
  fits(value) {
    if (!isRecord(value)) return false;
    for (const key in value) if (key !== '_meta' && key !== 'resultType') return false;
    return value['_meta'] === undefined || meta.fits(value['_meta']);
  },
  mend(value, place, findings) {
    findings.add('empty-result', place);
    return isRecord(value) && meta.fits(value['_meta']) ? { _meta: value['_meta'] } : {};
  },
};

const RESULTS: ReadonlyMap<string, Eras> = new Map([
  ['initialize', { legacy: initialized, modern: initialized }],
  ['server/discover', { legacy: discovered, modern: discovered }],
  ['tools/list', listResult(LISTS['tools/list'])],
  ['resources/list', listResult(LISTS['resources/list'])],
  ['resources/templates/list', listResult(LISTS['resources/templates/list'])],
  ['prompts/list', listResult(LISTS['prompts/list'])],
  ['tools/call', inBothEras(toolResult(structuredObject), toolResult(only(() => true)))],
  [
    'prompts/get',
    inBothEras({
      required: { messages },
      optional: { description: text },
      fallbacks: { messages: noList('messages') },
    }),
  ],
  [
    'resources/read',
    inBothEras({ required: { contents }, fallbacks: { contents: noList('contents') } }, undefined, cacheable),
  ],
  [
    'completion/complete',
    inBothEras({
      required: { completion },
      fallbacks: {
        completion: (result, place, findings) => ({ values: noList('values')(result, place, findings) }),
      },
    }),
  ],
  ...['ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'].map(
    (method): [string, Eras] => [method, { legacy: empty, modern: empty }],
  ),
]);

export function readsResultOf(method: string): boolean {
  return RESULTS.has(method);
}

/**
 * Returns the result of a request as the official client accepts it: the same object when nothing in it is odd, else a
 * mended copy, or {@link UNUSABLE}.
 */
export function readResult(asked: Asked, result: unknown, findings: Findings): unknown {
  const { method, modern } = asked;
  const kind = RESULTS.get(method)?.[modern ? 'modern' : 'legacy'];
  if (kind === undefined || kind.fits(result)) return result;
  const type = isRecord(result) && modern ? result['resultType'] : undefined;
  if (typeof type === 'string' && type !== 'complete') return result;
  const given = method === 'resources/read' ? withUri(result, asked.params) : result;
  return kind.mend(given, 'the result', findings);
}

/** Contents without a URI are of the resource that was asked for. */
function withUri(result: unknown, params: unknown): unknown {
  if (!isRecord(result) || !Array.isArray(result['contents']) || !isRecord(params)) return result;
  const contents = result['contents'].map((each: unknown) =>
    isRecord(each) && typeof each['uri'] !== 'string' ? { ...each, uri: params['uri'] } : each,
  );
  return { ...result, contents };
}

/** A result of which everything is known to the official client: other content becomes the text of its JSON. */
export function withinClient(result: Record<string, unknown>, modern: boolean): Record<string, unknown> {
  const { structuredContent, content, messages, ...rest } = result;
  return {
    ...rest,
    ...(Array.isArray(content) && { content: content.map(asKnownBlock) }),
    ...((modern || isRecord(structuredContent)) && { structuredContent }),
    ...(Array.isArray(messages) && {
      messages: messages.map((message: unknown) =>
        isRecord(message) ? { ...message, content: asKnownBlock(message['content']) } : message,
      ),
    }),
  };
}

function asKnownBlock(block: unknown): unknown {
  return isKnownBlock(block) ? block : { type: 'text', text: asText(block) };
}
