import { internalsOf } from '../../session/session-internals.ts';
import type { LockedKind } from '../../session/lock/definition-lock.ts';
import type { Session } from '../../session/session.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { NotCanonical } from './canonical.ts';
import { lockedOf, lockedText, NAMED, type LockedDefinition, type LockedServer } from './lock-content.ts';
import { reachOf } from './reach.ts';

/** A definition that a lock cannot hold: with the lock it cannot be used. */
export interface SkippedDefinition {
  readonly server: string;
  readonly kind: LockedKind;
  readonly name: string;
  /** A clause, such as `it has half of a character`. */
  readonly why: string;
}

/**
 * What a lock is to hold of a server, as it is now. `spec` is how it is reached, if not as its session was opened. Rejects
 * as the session's lists do.
 */
export async function takeServer(
  server: string,
  session: Session,
  spec: object = internalsOf(session).spec ?? {},
): Promise<{ readonly locked: LockedServer; readonly skipped: readonly SkippedDefinition[] }> {
  const [{ tools }, { prompts }, { resourceTemplates }] = await Promise.all([
    session.listTools(),
    session.listPrompts(),
    session.listResourceTemplates(),
  ]);
  const listed: Readonly<Record<LockedKind, readonly object[]>> = {
    tool: tools,
    prompt: prompts,
    resourceTemplate: resourceTemplates,
  };
  const skipped: SkippedDefinition[] = [];
  const held = (kind: LockedKind): ReadonlyMap<string, LockedDefinition> => {
    const taken = new Map<string, LockedDefinition>();
    for (const definition of listed[kind]) {
      const name = String(Reflect.get(definition, NAMED[kind]));
      try {
        // Of two with the same name the first one is used.
        if (!taken.has(name)) taken.set(name, lockedOf(definition));
      } catch (error) {
        if (!(error instanceof NotCanonical)) throw error;
        skipped.push({ server, kind, name, why: messageOf(error) });
      }
    }
    return taken;
  };
  const { instructions } = session;
  const locked = {
    reached: reachOf(spec),
    ...(instructions !== undefined && instructions !== '' && { instructions: lockedText(instructions) }),
    tools: held('tool'),
    prompts: held('prompt'),
    resourceTemplates: held('resourceTemplate'),
  };
  return { locked, skipped };
}
