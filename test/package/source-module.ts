import { parseAst } from 'vitest/node';

/** What the boundary rules need to know of one source file. */
export interface SourceModule {
  /** Path below `src/`, with forward slashes. */
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly ambient: readonly AmbientUse[];
  /** The lines on which something listens to a signal by itself, or has the platform do it. */
  readonly signalListeners: readonly number[];
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /**
   * True when nothing of the statement is left at run time. `import { type X } from 'x'` is no such case: with
   * `verbatimModuleSyntax` it still loads the module.
   */
  readonly typeOnly: boolean;
  /** The exports asked for; `*` for all of them. */
  readonly names: readonly string[];
}

/** A use of something that belongs to the whole process. */
export interface AmbientUse {
  readonly name: AmbientName;
  readonly line: number;
}

export type AmbientName = 'process.env' | 'process.argv' | 'console';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

export function parseModule(path: string, text: string): SourceModule {
  const imports: Import[] = [];
  const ambient: AmbientUse[] = [];
  const signalListeners: number[] = [];
  const lineOf = (node: Node) => text.slice(0, node.start).split('\n').length;
  const program: unknown = parseAst(text, { lang: 'ts' });

  const visit = (node: Node, parent: Node | undefined, key: string) => {
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, line: lineOf(node) });
    if (listensToSignal(node)) signalListeners.push(lineOf(node));
    for (const name of ambientNamesOf(node, parent, key)) ambient.push({ name, line: lineOf(node) });
    for (const [childKey, value] of Object.entries(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) visit(child, node, childKey);
      }
    }
  };
  if (isNode(program)) visit(program, undefined, '');
  const lineCount = text.replace(/\n$/, '').split('\n').length;
  return { path, lineCount, imports, ambient, signalListeners };
}

function importOf(node: Node): Omit<Import, 'line'> | undefined {
  const specifier = isNode(node['source']) ? node['source']['value'] : undefined;
  if (typeof specifier !== 'string') return undefined;
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier, typeOnly: node['importKind'] === 'type', names: namesOf(node, 'imported') };
    case 'ExportNamedDeclaration':
      return { specifier, typeOnly: node['exportKind'] === 'type', names: namesOf(node, 'local') };
    case 'ExportAllDeclaration':
      return { specifier, typeOnly: node['exportKind'] === 'type', names: ['*'] };
    case 'ImportExpression':
      return { specifier, typeOnly: false, names: ['*'] };
    case 'TSImportType':
      return { specifier, typeOnly: true, names: [nameOf(node['qualifier']) ?? '*'] };
    default:
      return undefined;
  }
}

function namesOf(node: Node, field: 'imported' | 'local'): string[] {
  const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'].filter(isNode) : [];
  return specifiers.map((specifier) => {
    if (specifier.type === 'ImportDefaultSpecifier') return 'default';
    if (specifier.type === 'ImportNamespaceSpecifier') return '*';
    return nameOf(specifier[field]) ?? '*';
  });
}

/** `signal.addEventListener('abort', …)`, `signal.onabort = …`, `AbortSignal.any(…)` or `AbortSignal.timeout(…)`. */
function listensToSignal(node: Node): boolean {
  if (node.type === 'AssignmentExpression') return memberOf(node['left']) === 'onabort';
  if (node.type !== 'CallExpression') return false;
  const method = memberOf(node['callee']);
  if (method === 'any' || method === 'timeout') return objectOf(node['callee']) === 'AbortSignal';
  if (method !== 'addEventListener') return false;
  const [event] = Array.isArray(node['arguments']) ? node['arguments'] : [];
  return textOf(event) === 'abort';
}

/** Of `a.b` and `a['b']`: `b`. */
function memberOf(value: unknown): string | undefined {
  return isNode(value) && value.type === 'MemberExpression' ? nameOf(value['property']) : undefined;
}

/** Of `a.b` and `c.a.b`: `a`. */
function objectOf(value: unknown): string | undefined {
  if (!isNode(value) || value.type !== 'MemberExpression') return undefined;
  return memberOf(value['object']) ?? nameOf(value['object']);
}

/** What a string, or a template without parts, says. */
function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'Literal') return nameOf(value);
  const quasis = value.type === 'TemplateLiteral' ? value['quasis'] : undefined;
  const [quasi] = Array.isArray(quasis) && quasis.length === 1 ? quasis.filter(isNode) : [];
  const text: unknown = quasi?.['value'];
  return typeof text === 'object' && text !== null && 'cooked' in text && typeof text.cooked === 'string'
    ? text.cooked
    : undefined;
}

/** The spellings that people use; one who wants to get round this will. */
function ambientNamesOf(node: Node, parent: Node | undefined, key: string): AmbientName[] {
  switch (node.type) {
    case 'Identifier':
      return nameOf(node) === 'console' && isReference(parent, key) ? ['console'] : [];
    case 'MemberExpression':
      return isProcess(node['object']) ? ofProcess(nameOf(node['property'])) : [];
    case 'VariableDeclarator':
      return isProcess(node['init']) ? keysOf(node['id']).flatMap(ofProcess) : [];
    case 'ImportDeclaration':
      if (!/^(node:)?process$/.test(importOf(node)?.specifier ?? '')) return [];
      return namesOf(node, 'imported').flatMap(ofProcess);
    default:
      return [];
  }
}

function ofProcess(name: string | undefined): AmbientName[] {
  return name === 'env' || name === 'argv' ? [`process.${name}`] : [];
}

/** Whether an identifier at this place stands for a variable, and is not just the name of a property. */
function isReference(parent: Node | undefined, key: string): boolean {
  if (parent === undefined || parent['computed'] === true) return true;
  if (parent.type === 'MemberExpression')
    return nameOf(parent['object']) === 'globalThis' || key === 'object';
  return !(key === 'key' || parent.type.startsWith('TS'));
}

function isProcess(value: unknown): boolean {
  if (!isNode(value)) return false;
  if (value.type !== 'MemberExpression') return nameOf(value) === 'process';
  return nameOf(value['object']) === 'globalThis' && nameOf(value['property']) === 'process';
}

function keysOf(pattern: unknown): string[] {
  if (!isNode(pattern) || !Array.isArray(pattern['properties'])) return [];
  return pattern['properties'].filter(isNode).map((property) => nameOf(property['key']) ?? '');
}

/** The name of an identifier, or the value of a string in its place. */
function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  const name = value.type === 'Literal' ? value['value'] : value['name'];
  return typeof name === 'string' ? name : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
