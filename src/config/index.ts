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
export { watchConfig, type ConfigWatch, type WatchConfigOptions } from './watch/watch-config.ts';
export type { WatchedGroup } from './watch/apply-servers.ts';
export type { ConfigWatchEvent } from './watch/watch-events.ts';
export { importSources, type EditorId, type ImportOptions, type ImportSource } from './editors/editors.ts';
export { readEditorConfigs, type EditorConfig, type FoundServer } from './editors/read-editor-configs.ts';
export { copyServers, type CopyReport, type CopyServersOptions } from './editors/copy-servers.ts';
