import { fits } from '../../options/faults.ts';
import { optionsOf, type OptionTable } from '../../options/kinds.ts';
import { gatewayInFile, groupInFile, stdioInFile, TRANSPORTS, urlInFile } from '../../options/tables/file.ts';
import type { StdioServerSpec, UrlServerSpec } from '../../server-spec.ts';
import type { AuthSettings } from '../auth.ts';
import type { ConfiguredGateway, ConfiguredGroup, ConfiguredServerOptions } from '../config.ts';

/** A part of a file: its options, and the type that they have when they are checked. */
export interface SettingsKind<T> {
  readonly table: OptionTable;
  readonly fits: (value: unknown) => value is T;
}

interface ServerSettings extends ConfiguredServerOptions {
  disabled?: boolean;
}

interface StdioSettings extends Omit<StdioServerSpec, 'args' | 'env' | 'cwd' | 'stderr'>, ServerSettings {
  args?: string[];
  env?: Record<string, string | number | boolean | null>;
  cwd?: string;
  stderr?: 'capture' | 'inherit' | 'ignore';
  envFile?: string;
}

interface UrlSettings
  extends
    Omit<UrlServerSpec, 'type' | 'url' | 'headers' | 'auth' | 'fetch' | 'proxy' | 'tls'>,
    ServerSettings {
  type?: string;
  url: string;
  headers?: Record<string, string>;
  auth?: AuthSettings;
  proxy?: string;
}

export const stdioSettings = settingsOf<StdioSettings>(stdioInFile);
export const urlSettings = settingsOf<UrlSettings>(urlInFile);
export const groupSettings = settingsOf<ConfiguredGroup>(groupInFile);
export const gatewaySettings = settingsOf<ConfiguredGateway>(gatewayInFile);

function settingsOf<T>(table: OptionTable): SettingsKind<T> {
  const kind = optionsOf(table);
  return { table, fits: (value): value is T => fits(kind, value) };
}

/** The transport that a word in a file means. */
export function transportNamed(word: string | undefined): keyof typeof TRANSPORTS | undefined {
  const names = ['http', 'sse', 'websocket'] as const;
  return names.find((name) => TRANSPORTS[name].some((spelling) => spelling === word));
}
