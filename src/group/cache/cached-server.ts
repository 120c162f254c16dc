import type {
  Implementation,
  Prompt,
  Resource,
  ResourceTemplateType,
  ServerCapabilities,
  Tool,
} from '@modelcontextprotocol/client';
import { isRecord } from '../../internal/checks.ts';

/** What a server told in the handshake and what it listed, as JSON data. */
export interface CachedServer {
  readonly serverInfo?: Implementation;
  readonly capabilities?: ServerCapabilities;
  readonly instructions?: string;
  readonly listing: {
    readonly tools?: readonly Tool[];
    readonly resources?: readonly Resource[];
    readonly resourceTemplates?: readonly ResourceTemplateType[];
    readonly prompts?: readonly Prompt[];
  };
}

type Check = (value: unknown) => boolean;

/** What each field must be; what is not named here may be anything. */
interface Shape {
  readonly required?: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isObjectOf =
  (check: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(check);
const has =
  ({ required = {}, optional = {} }: Shape): Check =>
  (value) => {
    if (!isRecord(value)) return false;
    for (const key in required) if (required[key]?.(value[key]) !== true) return false;
    for (const key in optional) {
      if (value[key] !== undefined && optional[key]?.(value[key]) !== true) return false;
    }
    return true;
  };

const isSchema = has({ required: { type: (value) => value === 'object' } });
const ICONS = { icons: isListOf(has({ required: { src: isText } })) };
const DESCRIBED = { title: isText, description: isText, ...ICONS, _meta: isRecord };
const HINTS = {
  title: isText,
  readOnlyHint: isBoolean,
  destructiveHint: isBoolean,
  idempotentHint: isBoolean,
  openWorldHint: isBoolean,
};
const ARGUMENT = has({ required: { name: isText }, optional: { description: isText, required: isBoolean } });
const OF_RESOURCE = { ...DESCRIBED, mimeType: isText, annotations: isRecord };

/**
 * Written by hand because validating with the protocol's schemas would make groups with many lazy servers slow to
 * start.
 */
const isServer = has({
  required: {
    listing: has({
      optional: {
        tools: isListOf(
          has({
            required: { name: isText, inputSchema: isSchema },
            optional: { ...DESCRIBED, outputSchema: isRecord, annotations: has({ optional: HINTS }) },
          }),
        ),
        resources: isListOf(
          has({ required: { uri: isText, name: isText }, optional: { ...OF_RESOURCE, size: isNumber } }),
        ),
        resourceTemplates: isListOf(
          has({ required: { uriTemplate: isText, name: isText }, optional: OF_RESOURCE }),
        ),
        prompts: isListOf(
          has({ required: { name: isText }, optional: { ...DESCRIBED, arguments: isListOf(ARGUMENT) } }),
        ),
      },
    }),
  },
  optional: {
    serverInfo: has({ required: { name: isText, version: isText }, optional: DESCRIBED }),
    capabilities: isObjectOf(isRecord),
    instructions: isText,
  },
});

/** Whether a value from a cache is a {@link CachedServer}. */
export function isCachedServer(value: unknown): value is CachedServer {
  return isServer(value);
}
