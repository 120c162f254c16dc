import { PlenumError } from '../../errors/plenum-error.ts';
import { printable } from '../../internal/text.ts';

type Args = Readonly<Record<string, unknown>>;

/** A copy of a tool's arguments that nobody can change any more. Throws `INVALID_ARGUMENTS` when they are no data. */
export function frozenCopy(tool: string, args: Args): Args {
  try {
    const copy = structuredClone(args);
    freeze(copy);
    return copy;
  } catch (cause) {
    const message = `Tool "${printable(tool, 80)}" was not called: its arguments are not plain data.`;
    throw new PlenumError('INVALID_ARGUMENTS', message, { cause, maybeExecuted: false });
  }
}

/** Not by recursion: a model may nest its arguments as deeply as it likes. */
function freeze(root: object): void {
  const left: object[] = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    Object.freeze(value);
    for (const inner of Object.values(value)) {
      if (typeof inner === 'object' && inner !== null && !Object.isFrozen(inner)) left.push(inner);
    }
  }
}
