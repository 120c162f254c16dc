export type { ConfigOAuthOptions } from './auth.ts';
export { loadConfig, type Environment, type LoadConfigOptions } from './load-config.ts';
export type {
  Config,
  ConfiguredGroup,
  ConfiguredNaming,
  ConfiguredPool,
  ConfiguredServer,
  ConfiguredServerOptions,
  ConfigInput,
  ConfigProblem,
  ConfigPrompt,
  ConfigRemark,
  ConfigWarning,
} from './config.ts';
export { watchConfig, type ConfigWatch, type WatchConfigOptions } from './watch-config.ts';
export type { WatchedGroup } from './apply-servers.ts';
export type { ConfigWatchEvent } from './watch-events.ts';
export { importSources, type EditorId, type ImportOptions, type ImportSource } from './editors.ts';
export { readEditorConfigs, type EditorConfig, type FoundServer } from './read-editor-configs.ts';
export { copyServers, type CopyReport, type CopyServersOptions } from './copy-servers.ts';
