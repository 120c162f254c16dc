export { createToolkit, type Toolkit, type ToolkitOptions } from './toolkit.ts';
export type { CatalogSource, ToolCallOptions, ToolDefinition, ToolSource } from './tool-source.ts';
export type { ToolProblem } from './live-tools.ts';
export type { ModelToolOptions } from './model-tool.ts';
export type { ExtendedToolSource } from './own-tools.ts';

export { errorResult, runTool, type RunToolOptions } from './run-tool.ts';
export { ToolError } from './tool-error.ts';
export type { ArgumentProblem } from '../errors/registry.ts';

export { withPolicy, type PolicedToolSource } from './policy/with-policy.ts';
export type { Approval, ToolCallRequest, ToolPolicy, ToolRule, ToolTraits } from './policy/tool-policy.ts';
export type { ResourceToolOptions } from './resources/resource-tool-options.ts';
export { withBoundedResults, type BoundedToolSource } from './results/with-bounded-results.ts';
export type { ResultBounds } from './results/result-bounds.ts';

export {
  type ServerFacts,
  serverChoiceToolkit,
  type ServerChoiceOptions,
  type ServerChoiceToolkit,
} from './search/server-choice.ts';
export type { SearchableToolSource } from './search/tool-finder.ts';
export { searchToolkit, type SearchToolkitOptions } from './search/search-toolkit.ts';
export { textTokens, tokenEstimate, toolTokens, type TokenEstimate } from './token-estimate.ts';

/** For an adapter to another SDK. */
export { contentPieces, type ContentPiece } from './content/pieces.ts';
export { plainContent, type PlainContent } from './content/plain-content.ts';
export { portableSchema, type PortableSchema } from './schema/portable-schema.ts';
export { genericDialect } from './schema/dialects.ts';
export type { JsonObject, SchemaDialect, StrictRules } from './schema/dialect.ts';
