// What the parts of CEL agree on: the syntax tree, declarations, environments, programs and cost hooks. Values and
// types are in types/. Behaviour equals cel-go as the Kubernetes API server configures it.
import type { CelType } from './types/types.ts';
import type { CelBytes, CelError, CelResult, CelUint, CelValue } from './types/values.ts';

// ---- syntax tree ------------------------------------------------------------------------------------------------

export interface LiteralExpr { readonly kind: 'literal'; readonly id: number; readonly value: null | boolean | bigint | number | string | CelUint | CelBytes }
export interface IdentExpr { readonly kind: 'ident'; readonly id: number; readonly name: string }
export interface SelectExpr { readonly kind: 'select'; readonly id: number; readonly operand: Expr; readonly field: string; readonly testOnly: boolean }
export interface CallExpr { readonly kind: 'call'; readonly id: number; readonly function: string; readonly target: Expr | undefined; readonly args: readonly Expr[] }
export interface ListExpr { readonly kind: 'list'; readonly id: number; readonly elements: readonly Expr[]; readonly optional: readonly number[] }
export interface MapEntry { readonly id: number; readonly key: Expr; readonly value: Expr; readonly optional: boolean }
export interface MapExpr { readonly kind: 'map'; readonly id: number; readonly entries: readonly MapEntry[] }
export interface StructField { readonly id: number; readonly name: string; readonly value: Expr; readonly optional: boolean }
export interface StructExpr { readonly kind: 'struct'; readonly id: number; readonly typeName: string; readonly fields: readonly StructField[] }
export interface ComprehensionExpr {
  readonly kind: 'comprehension';
  readonly id: number;
  readonly iterRange: Expr;
  readonly iterVar: string;
  readonly iterVar2: string | undefined;
  readonly accuVar: string;
  readonly accuInit: Expr;
  readonly loopCondition: Expr;
  readonly loopStep: Expr;
  readonly result: Expr;
}
export type Expr = LiteralExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | ComprehensionExpr;

/** What the checker found behind a name: a variable or constant, or the candidate overloads of a call. */
export interface Reference {
  readonly name?: string;
  readonly value?: CelValue;
  readonly overloads?: readonly string[];
}

export interface Ast {
  readonly expr: Expr;
  readonly text: string;
  /** Expression id → offset in the text. */
  readonly positions: ReadonlyMap<number, number>;
  /** Comprehension id → the call the user wrote. */
  readonly macroCalls: ReadonlyMap<number, Expr>;
  /** Filled by the checker. */
  readonly types: ReadonlyMap<number, CelType>;
  readonly references: ReadonlyMap<number, Reference>;
  readonly outputType: CelType;
}

// ---- declarations -----------------------------------------------------------------------------------------------

/** A range of sizes or costs; saturates at 2^64. */
export interface Estimate { readonly min: number; readonly max: number }
export interface CallEstimate { readonly cost: Estimate; readonly resultSize?: Estimate }

/** One node as the static cost estimate sees it. */
export interface CostNode {
  /** Variable, then field names, `@items`, `@keys`, `@values`, `@indices`; empty when not reachable from a variable. */
  readonly path: readonly string[];
  readonly type: CelType;
  readonly expr: Expr;
  readonly computedSize: Estimate | undefined;
}

/** Sizes of what is behind variables, and costs of calls the language itself does not know. */
export interface CostEstimator {
  estimateSize(node: CostNode): Estimate | undefined;
  estimateCall(functionName: string, overload: string, target: CostNode | undefined, args: readonly CostNode[]): CallEstimate | undefined;
}

/** The real cost of a call by function name; undefined leaves it to the language's own table. */
export type ActualCost = (functionName: string, overload: string, args: readonly CelResult[], result: CelResult) => number | undefined;

export interface Overload {
  readonly id: string;
  /** With `member` the first is the receiver. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly member?: boolean;
  /** Called with errors as arguments too. */
  readonly nonStrict?: boolean;
  /**
   * Looks at the arguments that are constants (else undefined) when a program is made: an error fails the program (a
   * pattern that cannot be compiled), an implementation runs instead of the general one.
   */
  readonly prepare?: (constants: readonly (CelValue | undefined)[]) => CelError | ((...args: CelValue[]) => CelResult) | undefined;
  /** Absent: the function's own `call` serves every overload. Arguments have been checked against `params`' outer types. */
  readonly call?: (...args: CelValue[]) => CelResult;
  /** Overrides any CostEstimator, as cel-go's OverloadCostEstimate. */
  readonly estimateCost?: (estimator: CostEstimator, target: CostNode | undefined, args: readonly CostNode[]) => CallEstimate | undefined;
  /** Overrides any ActualCost, as cel-go's OverloadCostTracker. */
  readonly actualCost?: (args: readonly CelResult[], result: CelResult) => number | undefined;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** One implementation for all overloads (cel-go's singleton binding); it checks its arguments itself. */
  readonly call?: (...args: CelValue[]) => CelResult;
}

/** What a macro may build with; ids and positions are kept behind it. */
export interface MacroHelper {
  literal(value: LiteralExpr['value']): Expr;
  ident(name: string): Expr;
  select(operand: Expr, field: string): Expr;
  presence(operand: Expr, field: string): Expr;
  call(name: string, ...args: Expr[]): Expr;
  member(name: string, target: Expr, ...args: Expr[]): Expr;
  list(...elements: Expr[]): Expr;
  map(...entries: { key: Expr; value: Expr }[]): Expr;
  fold(parts: Omit<ComprehensionExpr, 'kind' | 'id' | 'iterVar2'> & { readonly iterVar2?: string }): Expr;
  /** A copy with fresh ids, for an expression used twice. */
  copy(expr: Expr): Expr;
  readonly accuVar: string;
  /** Makes the parser report `message` at `at`. */
  fail(message: string, at: Expr): never;
}

export interface Macro {
  readonly name: string;
  readonly member: boolean;
  /** undefined: any number. */
  readonly argCount: number | undefined;
  /** undefined: not this macro's business after all; the call stays a call. */
  expand(helper: MacroHelper, target: Expr | undefined, args: readonly Expr[]): Expr | undefined;
}

/** Object types and constants by name. */
export interface TypeProvider {
  findType(name: string): CelType | undefined;
  fieldNames(typeName: string): readonly string[] | undefined;
  findField(typeName: string, field: string): CelType | undefined;
  /** `Type{field: value}`; absent: the type cannot be made in an expression. */
  make?(typeName: string, fields: ReadonlyMap<string, CelValue>): CelResult;
}

// ---- environments and programs ----------------------------------------------------------------------------------

/** Looks at a checked tree and reports further problems (literals that cannot parse…). */
export type Validator = (ast: Ast, report: (expression: number, message: string) => void, environment: Environment) => void;

export interface EnvironmentOptions {
  readonly container?: string;
  readonly variables?: Readonly<Record<string, CelType>>;
  /** Overloads of a name that exists already are added to it. */
  readonly functions?: readonly FunctionDeclaration[];
  readonly macros?: readonly Macro[];
  /** Names that denote types, besides the language's own (net.IP, kubernetes.Quantity…). */
  readonly types?: readonly CelType[];
  readonly provider?: TypeProvider;
  readonly validators?: readonly Validator[];
  /** List and map literals must not mix types. */
  readonly homogeneousLiterals?: boolean;
  readonly crossTypeNumericComparisons?: boolean;
  /** optional.of(), a.?b, [?x] and optMap. */
  readonly optionalTypes?: boolean;
  /** Accumulates over the macros' and programs' shared defaults. */
  readonly program?: ProgramOptions;
  /** Keywords-like field names in back quotes: a.`b-c`. */
  readonly quotedFields?: boolean;
}

export interface Issue {
  readonly message: string;
  /** 1-based line, 0-based column. */
  readonly line: number;
  readonly column: number;
  readonly expression: number | undefined;
}

export interface Issues {
  readonly list: readonly Issue[];
  /** `ERROR: <input>:1:5: …` with the source line and a pointer, as cel-go prints them. */
  toString(): string;
}

export type Compiled =
  | { readonly ast: Ast; readonly issues: undefined }
  | { readonly ast: undefined; readonly issues: Issues };

export interface ProgramOptions {
  readonly trackCost?: boolean;
  readonly costLimit?: number;
  readonly actualCost?: ActualCost;
  /** has() costs one when true (the default); Kubernetes sets false. */
  readonly presenceTestHasCost?: boolean;
}

/** Names to values; a plain map or anything lazy. A variable may be an error. */
export interface Activation {
  find(name: string): CelResult | undefined;
}

export interface EvaluateOptions {
  /** Asked every 100 comprehension steps; true ends the evaluation with `operation interrupted`. */
  readonly interrupted?: () => boolean;
  /** Overrides the program's limit: what is left of a shared budget. */
  readonly costLimit?: number;
}

export interface Evaluated {
  readonly value: CelResult;
  /** undefined when costs are not tracked. */
  readonly cost: number | undefined;
  /** The evaluation did not come to an end. */
  readonly cancelled?: 'cost' | 'interrupted';
}

export interface Program {
  readonly ast: Ast;
  evaluate(activation: Activation, options?: EvaluateOptions): Evaluated;
  /** As evaluate, for functions that throw Pending: waits and evaluates again. */
  evaluateAsync(activation: Activation, options?: EvaluateOptions): Promise<Evaluated>;
}

export interface Environment {
  readonly options: EnvironmentOptions;
  extend(options: EnvironmentOptions): Environment;
  /** Parses and checks. */
  compile(text: string): Compiled;
  /** Parses only: a tree without types. */
  parse(text: string): Compiled;
  program(ast: Ast, options?: ProgramOptions): Program;
  findFunction(name: string): FunctionDeclaration | undefined;
  findVariable(name: string): CelType | undefined;
  findOverload(id: string): Overload | undefined;
}

/** Thrown by a function whose answer is not here yet (an authorizer's webhook). The function must remember the answer. */
export class Pending {
  readonly settled: Promise<unknown>;
  constructor(settled: Promise<unknown>) {
    this.settled = settled;
  }
}

export type { CelResult, CelType, CelValue };
