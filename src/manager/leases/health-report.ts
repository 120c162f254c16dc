import type { Implementation } from '@modelcontextprotocol/client';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { ProtocolEra } from '../../session/session.ts';

/** How a server answered when it was asked for a sign of life. */
export interface HealthReport {
  readonly healthy: boolean;
  /** How long the answer took, in milliseconds; without the time to connect. */
  readonly latencyMs?: number;
  readonly era?: ProtocolEra;
  readonly protocolVersion?: string;
  readonly serverInfo?: Implementation;
  /** Why not, in words. */
  readonly reason?: string;
  /** Why not, as it happened. */
  readonly error?: PlenumError;
}
