import type { TlsOptions } from '../server-spec.ts';

/** TLS options as `node:tls` takes them, split by whom they are for. */
export interface TlsConnect {
  /** Whom we trust: for all that we talk to. */
  readonly trust: { ca?: string | Buffer | (string | Buffer)[]; rejectUnauthorized?: boolean };
  /** Who we are, and whom we expect: for the server alone. */
  readonly identity: Omit<TlsOptions, 'ca' | 'rejectUnauthorized'>;
}

export function tlsConnect({ ca, rejectUnauthorized, ...identity }: TlsOptions = {}): TlsConnect {
  const trust = {
    ...(ca !== undefined && { ca: isList(ca) ? [...ca] : ca }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
  return { trust, identity };
}

function isList(ca: NonNullable<TlsOptions['ca']>): ca is readonly (string | Buffer)[] {
  return Array.isArray(ca);
}
