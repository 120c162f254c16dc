import type { TlsOptions } from '../server-spec.ts';

/** TLS options as `node:tls` takes them, in two parts. */
export interface TlsConnect {
  /** Which certificates are trusted: for the server and for all others, such as an authorization server. */
  readonly trust: { ca?: string | Buffer | (string | Buffer)[]; rejectUnauthorized?: boolean };
  /** Our own certificate, and what is expected of the server: for the server alone. */
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
