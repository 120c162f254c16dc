/** Who a client is. */
export interface Identity {
  /** What isolation goes by: clients of one principal may share what is kept for `principal`. */
  readonly principal: string;
  /** Facts about it that the caller's own functions may want, such as the claims of a token. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Whoever reaches a gateway that asks nobody who they are. */
export const LOCAL_IDENTITY: Identity = { principal: 'local' };
