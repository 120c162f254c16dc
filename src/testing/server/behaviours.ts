import { sleep } from '../../internal/limit.ts';
import { isAtLeast, isLogLevel } from '../../internal/log-levels.ts';
import { type Call, type Reply, failure, json, silence, success, text, type Outcome } from './call.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, META, isObject, metaOf, type JsonObject } from './json-rpc.ts';
import type { LogLevel, ScriptedTool, ToolBehaviour, WhoAmI } from '../script/script.ts';

/** One call of a scripted tool; `count` is its number among the calls of this tool. */
interface ToolCall {
  readonly call: Call;
  readonly tool: ScriptedTool;
  readonly args: JsonObject;
  readonly count: number;
}

type Behaviour<T extends ToolBehaviour['type']> = (
  does: Extract<ToolBehaviour, { type: T }>,
  toolCall: ToolCall,
) => Outcome | Promise<Outcome>;

/** Runs the behaviour that the script has for this call of the tool. */
export async function runTool(call: Call, tool: ScriptedTool): Promise<Outcome> {
  const { inputResponses, requestState, arguments: given } = call.params;
  // The same call again, with the client's input (modern era).
  const isRetry = inputResponses !== undefined || requestState !== undefined;
  if (!isRetry) call.context.record(tool.name, call.params);
  const count = Math.max(1, call.context.count(`tools/call ${tool.name}`, isRetry ? 0 : 1));
  const steps = [tool.does ?? { type: 'echo' as const }].flat();
  const does = steps[Math.min(count, steps.length) - 1] ?? { type: 'echo' };
  return run(does, { call, tool, args: isObject(given) ? given : {}, count });
}

function run<T extends ToolBehaviour['type']>(
  does: Extract<ToolBehaviour, { type: T }>,
  toolCall: ToolCall,
): Outcome | Promise<Outcome> {
  const behaviour: Behaviour<T> = behaviours[does.type];
  return behaviour(does, toolCall);
}

/** Every behaviour by its type. */
export const behaviours: { readonly [T in ToolBehaviour['type']]: Behaviour<T> } = {
  echo: (_does, toolCall) => echo(toolCall),
  text: (does) => text(does.text),
  big: (does) => text('x'.repeat(does.bytes)),
  result: (does) => ({ kind: 'result', result: does.result, ...(does.raw === true && { raw: true }) }),
  error: (does) => success({ content: [{ type: 'text', text: does.message }], isError: true }),
  rpcError: (does) => failure(does.code, does.message, does.data),
  hang: () => silence,
  count: (_does, { count }) => text(String(count)),

  async canary(does, { call, args }) {
    await sleep(Math.random() * (does.maxDelayMs ?? 0), call.signal);
    const { script, about } = call.context;
    const structuredContent = {
      server: script.name ?? 'scripted',
      pid: about.pid,
      connection: call.origin.connection,
      arguments: args,
    };
    return success({
      content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
      structuredContent,
    });
  },

  async slow(does, toolCall) {
    const { call } = toolCall;
    if (does.ignoreCancel === true) call.ignoreCancel();
    await sleep(does.ms, does.ignoreCancel === true ? call.context.life : call.signal);
    return echo(toolCall);
  },

  async sleepUntilCancelled(_does, { call }) {
    await sleep(Infinity, call.signal);
    return silence;
  },

  crash(does, { call }) {
    call.context.die(does);
    return silence;
  },

  crashAfterAnswer: (does, toolCall) => ({
    ...echo(toolCall),
    afterwards: () => toolCall.call.context.die(does, true),
  }),

  async progress(does, toolCall) {
    const { call } = toolCall;
    const progressToken = metaOf(call.params)['progressToken'];
    for (let step = 1; step <= does.steps && !call.signal.aborted; step++) {
      if (progressToken !== undefined) {
        const message = `step ${step} of ${does.steps}`;
        call.notify('notifications/progress', { progressToken, progress: step, total: does.steps, message });
      }
      await sleep(does.everyMs ?? 0, call.signal);
    }
    return echo(toolCall);
  },

  log(does, toolCall) {
    const { call } = toolCall;
    if (isWanted(does.level, call)) {
      const logger = call.context.script.name ?? 'scripted';
      for (let time = 0; time < (does.times ?? 1); time++) {
        call.notify('notifications/message', { level: does.level, logger, data: does.data });
      }
    }
    return echo(toolCall);
  },

  sample: (does, { call }) => askClient(call, 'sampling/createMessage', does.params, does.rounds),
  roots: (does, { call }) => askClient(call, 'roots/list', undefined, does.rounds),

  async elicit(does, { call }) {
    const outcome = await askClient(call, 'elicitation/create', does.params, does.rounds);
    const { mode, elicitationId } = does.params;
    if (call.era === 'legacy' && mode === 'url' && elicitationId !== undefined) {
      call.notify('notifications/elicitation/complete', { elicitationId });
    }
    return outcome;
  },

  whoami(_does, { call }) {
    const { script, about } = call.context;
    const answer: WhoAmI = { name: script.name ?? 'scripted', era: call.era, ...about, ...call.origin };
    return json(answer);
  },

  setTools(does, toolCall) {
    toolCall.call.context.control({ command: 'setTools', tools: does.tools });
    return echo(toolCall);
  },

  control(does, toolCall) {
    return { ...echo(toolCall), afterwards: () => toolCall.call.context.control(does.command) };
  },
};

function echo({ tool, args }: ToolCall): Exclude<Outcome, { kind: 'silence' }> {
  const content = [{ type: 'text', text: JSON.stringify(args) }];
  return { kind: 'result', result: { content, ...(tool.outputSchema && { structuredContent: args }) } };
}

/** In the modern era the request sets the log level; in the legacy era the connection has one. */
function isWanted(level: LogLevel, call: Call): boolean {
  const wanted = call.era === 'legacy' ? call.client.logLevel : metaOf(call.params)[META.logLevel];
  return isLogLevel(wanted) && isAtLeast(level, wanted);
}

/**
 * Asks the client `rounds` times, whatever capabilities it declared. In the legacy era by a request; in the modern
 * era by an `input_required` result, after which the client repeats the call with the answer. The request state holds
 * the number of the round.
 */
async function askClient(call: Call, method: string, params?: JsonObject, rounds = 1): Promise<Outcome> {
  if (call.era === 'modern') return askInResult(call, method, params, rounds);
  let reply: Reply = { error: { code: INTERNAL_ERROR, message: 'Nothing was asked' } };
  for (let round = 1; round <= rounds; round++) {
    reply = await call.ask(method, params);
    if ('error' in reply) break;
  }
  if ('error' in reply) {
    return success({ content: [{ type: 'text', text: JSON.stringify(reply.error) }], isError: true });
  }
  return json(reply.result);
}

function askInResult(call: Call, method: string, params: JsonObject = {}, rounds: number): Outcome {
  const { inputResponses, requestState } = call.params;
  const asked = typeof requestState === 'string' ? Number(/^round-(\d+)$/.exec(requestState)?.[1]) : 0;
  if (Number.isNaN(asked)) return failure(INVALID_PARAMS, 'Invalid request state');
  if (asked >= rounds) return json(isObject(inputResponses) ? inputResponses['answer'] : undefined);
  return {
    kind: 'result',
    result: {
      resultType: 'input_required',
      inputRequests: { answer: { method, params } },
      requestState: `round-${asked + 1}`,
    },
  };
}
