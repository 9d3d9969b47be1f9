// An environment: declarations, macros, types and settings that expressions are compiled in. Extending makes a new
// one that shares everything already looked up; names are resolved once, when the environment is made.
import type { Ast, Compiled, Environment, EnvironmentOptions, FunctionDeclaration, Overload, ProgramOptions, TypeProvider } from './contract.ts';
import { Checker, type Declarations } from './check/checker.ts';
import { homogeneousLiterals } from './check/validators.ts';
import { candidateNames, optionalTypeName, standardTypeNamed } from './check/names.ts';
import { makeProgram } from './run/program.ts';
import { conversions } from './standard/conversions.ts';
import { standardMessages } from './standard/messages.ts';
import { mixedComparisons, operators } from './standard/operators.ts';
import { optionalFunctions } from './standard/optionals.ts';
import { stringsAndTimes } from './standard/strings-and-times.ts';
import { IssueList } from './syntax/issues.ts';
import { parseExpression, type Parsed } from './syntax/parser.ts';
import { optionalMacros, standardMacros } from './syntax/standard-macros.ts';
import { macroTable } from './syntax/tree-maker.ts';
import { dynType, typeType, type CelType } from './types/types.ts';

const standardFunctions = [...operators, ...conversions, ...stringsAndTimes];

/** Overloads of one name gather under it; an overload id said twice is the same overload. */
function functionTable(base: ReadonlyMap<string, FunctionDeclaration>, more: readonly FunctionDeclaration[]): Map<string, FunctionDeclaration> {
  const table = new Map(base);
  for (const declaration of more) {
    const known = table.get(declaration.name);
    const added = declaration.overloads.filter((overload) => known?.overloads.some((old) => old.id === overload.id) !== true);
    const call = declaration.call ?? known?.call;
    const merged = { name: declaration.name, overloads: [...(known?.overloads ?? []), ...added] };
    table.set(declaration.name, call === undefined ? merged : { ...merged, call });
  }
  return table;
}

function withAll(first: TypeProvider | undefined, second: TypeProvider | undefined): TypeProvider | undefined {
  if (first === undefined || second === undefined) return second ?? first;
  return {
    findType: (name) => second.findType(name) ?? first.findType(name),
    fieldNames: (name) => second.fieldNames(name) ?? first.fieldNames(name),
    findField: (name, field) => (second.findType(name) === undefined ? first : second).findField(name, field),
    make: (name, fields) => {
      const provider = second.findType(name) === undefined ? first : second;
      if (provider.make === undefined) throw new Error(`no provider makes ${name}`);
      return provider.make(name, fields);
    },
  };
}

function merged(base: EnvironmentOptions, more: EnvironmentOptions): EnvironmentOptions {
  const provider = withAll(base.provider, more.provider);
  return {
    ...base, ...more,
    variables: { ...base.variables, ...more.variables },
    functions: [...(base.functions ?? []), ...(more.functions ?? [])],
    macros: [...(base.macros ?? []), ...(more.macros ?? [])],
    types: [...(base.types ?? []), ...(more.types ?? [])],
    validators: [...(base.validators ?? []), ...(more.validators ?? [])],
    program: { ...base.program, ...more.program },
    ...(provider === undefined ? {} : { provider }),
  };
}

const params = new WeakMap<Overload, readonly string[]>();

function paramNames(type: CelType, into: Set<string>): void {
  if (type.kind === 'param') into.add(type.name);
  for (const param of type.params) paramNames(param, into);
}

function typeParams(overload: Overload): readonly string[] {
  let names = params.get(overload);
  if (names === undefined) {
    const found = new Set<string>();
    for (const type of [...overload.params, overload.result]) paramNames(type, found);
    names = [...found];
    params.set(overload, names);
  }
  return names;
}

function declarationsOf(options: EnvironmentOptions, functions: ReadonlyMap<string, FunctionDeclaration>): Declarations {
  const { container = '', variables = {}, provider } = options;
  const named = new Map((options.types ?? []).map((type) => [type.name, type]));
  if (options.optionalTypes === true) named.set(optionalTypeName.name, optionalTypeName);
  const lookupExact = (name: string): ReturnType<Declarations['lookup']> => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (variable !== undefined) return { name, type: variable };
    const type = provider?.findType(name) ?? named.get(name) ?? standardTypeNamed(name);
    return type === undefined ? undefined : { name, type: typeType(type), value: type };
  };
  const firstOf = <T>(name: string, find: (candidate: string) => T | undefined): T | undefined => {
    if (container === '' && !name.startsWith('.')) return find(name);
    for (const candidate of candidateNames(container, name)) {
      const found = find(candidate);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    container,
    lookup: (name) => firstOf(name, lookupExact),
    findFunction: (name) => firstOf(name, (candidate) => functions.get(candidate)),
    typeParams,
    isDisabled: (overload) => options.crossTypeNumericComparisons !== true && mixedComparisons.has(overload.id),
    fieldType: (typeName, field) => provider?.findField(typeName, field),
    hasType: (typeName) => provider?.findType(typeName) !== undefined,
  };
}

function untyped(text: string, { expr, positions, macroCalls }: Parsed): Ast {
  return { expr, text, positions, macroCalls, types: new Map(), references: new Map(), outputType: dynType };
}

class StandardEnvironment implements Environment {
  readonly options: EnvironmentOptions;
  private readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  private readonly declarations: Declarations;
  private readonly macros: ReturnType<typeof macroTable>;
  private overloads: Map<string, Overload> | undefined;

  constructor(options: EnvironmentOptions, functions: ReadonlyMap<string, FunctionDeclaration>) {
    this.options = options;
    this.functions = functions;
    this.declarations = declarationsOf(options, functions);
    const optional = options.optionalTypes === true ? optionalMacros : [];
    this.macros = macroTable([...standardMacros, ...optional, ...(options.macros ?? [])]);
  }

  extend(options: EnvironmentOptions): Environment {
    const optional = options.optionalTypes === true && this.options.optionalTypes !== true ? optionalFunctions : [];
    const more = [...optional, ...(options.functions ?? [])];
    return new StandardEnvironment(merged(this.options, options), more.length === 0 ? this.functions : functionTable(this.functions, more));
  }

  private parseInto(issues: IssueList): Parsed | undefined {
    return parseExpression(issues, { macros: this.macros, optionalSyntax: this.options.optionalTypes === true, quotedFields: this.options.quotedFields === true });
  }

  parse(text: string): Compiled {
    const issues = new IssueList(text);
    const parsed = this.parseInto(issues);
    return parsed === undefined ? { ast: undefined, issues: issues.toIssues() } : { ast: untyped(text, parsed), issues: undefined };
  }

  compile(text: string): Compiled {
    const issues = new IssueList(text);
    const parsed = this.parseInto(issues);
    if (parsed === undefined) return { ast: undefined, issues: issues.toIssues() };
    const { expr, types, references } = new Checker(this.declarations, parsed.positions, issues).run(parsed.expr);
    if (!issues.empty) return { ast: undefined, issues: issues.toIssues() };
    const ast: Ast = { ...untyped(text, parsed), expr, types, references, outputType: types.get(expr.id) ?? dynType };
    const report = (id: number, message: string) => issues.add(parsed.positions.get(id), message, id);
    const { validators = [], homogeneousLiterals: uniform } = this.options;
    for (const validate of new Set(uniform === true ? [...validators, homogeneousLiterals] : validators)) validate(ast, report, this);
    return issues.empty ? { ast, issues: undefined } : { ast: undefined, issues: issues.toIssues() };
  }

  program(ast: Ast, options: ProgramOptions = {}): ReturnType<Environment['program']> {
    return makeProgram(this, ast, { ...this.options.program, ...options });
  }

  findFunction(name: string): FunctionDeclaration | undefined {
    return this.functions.get(name);
  }

  findVariable(name: string): CelType | undefined {
    const { variables = {} } = this.options;
    return Object.hasOwn(variables, name) ? variables[name] : undefined;
  }

  findOverload(id: string): Overload | undefined {
    if (this.overloads === undefined) {
      this.overloads = new Map();
      for (const { overloads } of this.functions.values()) {
        for (const overload of overloads) if (!this.overloads.has(overload.id)) this.overloads.set(overload.id, overload);
      }
    }
    return this.overloads.get(id);
  }
}

const root = new StandardEnvironment({ provider: standardMessages }, functionTable(new Map(), standardFunctions));

/** The language with its standard library, and what the options add. */
export function newEnvironment(options: EnvironmentOptions = {}): Environment {
  return root.extend(options);
}
