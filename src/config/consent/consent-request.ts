/** What a person or a program has to agree to before anything of a project's file is expanded or started. */
export interface ConsentRequest {
  /** The file that was found. */
  readonly path: string;
  /** The folder where its processes start unless they say otherwise. */
  readonly folder: string;
  /** The servers of the file, those that are new or have changed first. Nothing in them is expanded. */
  readonly servers: readonly ConsentServer[];
  /** What the file says for all servers and for a gateway. */
  readonly sections: readonly ConsentSection[];
  /** What was agreed to for this path before; undefined when nothing was. */
  readonly before?: {
    /** When, as ISO 8601. */
    readonly agreedAt: string;
    /** Names of servers that were agreed to then and are gone. */
    readonly removed: readonly string[];
  };
  /** Whether the file is in use with an earlier content, and a watch has seen this one. */
  readonly isReload: boolean;
  /** SHA-256, in hexadecimal, of everything in the file that has an effect. */
  readonly digest: string;
}

/** One server, as the file describes it: texts are not expanded, and may hold any characters. */
export interface ConsentServer {
  readonly name: string;
  /** Compared with what was agreed to before. */
  readonly change: 'new' | 'changed' | 'same';
  /** Whether the file disables it: then it is not started. */
  readonly disabled: boolean;
  /** The command and its arguments, for a process. */
  readonly command?: readonly string[];
  /** The folder where the process starts, when the file says it. */
  readonly cwd?: string;
  /** The file whose variables the process gets, when the file says it. */
  readonly envFile?: string;
  /** The URL, for a server that is connected to. */
  readonly url?: string;
  /** The proxy by which it is connected to, when the file says it. */
  readonly proxy?: string;
  /** Names of the headers that are sent. */
  readonly headers: readonly string[];
  /** Names of the environment variables that the file sets for the process. */
  readonly env: readonly string[];
  /** Names of the variables of this environment whose values the server gets; `*` for all of them. */
  readonly variables: readonly string[];
  /** Everything else that the file says of it, by name, as JSON. Values of `auth` are left out. */
  readonly others: readonly (readonly [name: string, json: string])[];
  /** How `consentText()` showed it when it was agreed to before, in lines; for a changed server. */
  readonly beforeLines?: readonly string[];
}

/** A part of the file that belongs to no server: `plenum`, `gateway`. */
export interface ConsentSection {
  readonly name: string;
  readonly change: 'new' | 'changed' | 'same';
  readonly json: string;
  /** Names of the variables of this environment that stand in it. */
  readonly variables: readonly string[];
}

/**
 * `true`: yes, for this content, as long as this program runs. `'remember'`: yes, and it is kept for later runs, as
 * `plenum trust` keeps it. `false`: no.
 */
export type ConsentAnswer = boolean | 'remember';

/** Is shown what a file would run, and says yes or no. */
export type AskConsent = (request: ConsentRequest) => ConsentAnswer | Promise<ConsentAnswer>;
