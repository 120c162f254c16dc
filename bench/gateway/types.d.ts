/** One gateway, or what it cannot do without. */
export interface GatewayContestant {
  name: string;
  title: string;
  peer?: boolean;
  /** The revisions that it is called in; without them what is posted is not looked at. */
  eras?: ('legacy' | 'modern')[];
  /** Whether its clients listen on one stream, as before the revision 2025-03-26. */
  isSse?: boolean;
  config?: object;
  programs(place: { port: number; file: string }): string[][];
  /** What it calls the tool "echo". */
  tool?: string;
  /** How many sessions are opened to see what one weighs. */
  sessions?: number;
}

/** What was measured of one way of calling. */
export interface Row {
  title: string;
  era: string;
  atATime: number;
  /** Microseconds of a call, in each round. */
  wall: number[];
  /** Microseconds of CPU time of the contestant's programs. */
  cpu: number[];
  /** Why there are no figures. */
  why?: string;
}
