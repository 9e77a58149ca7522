import { TypeError as CelTypeError, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import { deepMerge, isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

/** A scope mapping as stored: a CEL expression that gives a map of claims. */
export interface ScopeMapping {
  readonly name: string
  readonly scope: string
  readonly expression: string
}

/** What expressions see. Everything is plain data: there is nothing to call and nothing to reach. */
export interface ClaimSubject {
  readonly user: {
    readonly pk: number
    readonly uid: string
    readonly uuid: string
    readonly username: string
    readonly name: string
    readonly email: string
    readonly type: string
    readonly is_superuser: boolean
    /** Names of the groups that the user is a direct member of. */
    readonly groups: readonly string[]
    /** Those, and every group above them. */
    readonly all_groups: readonly string[]
    /** Attributes of the groups, then the user's own, merged. */
    readonly attributes: JsonObject
  }
  readonly application: { readonly slug: string; readonly name: string }
}

/** Claims that say who issued a token to whom, when and for what; no mapping may set them. */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  'iss sub aud exp iat nbf jti azp uid sid nonce at_hash c_hash s_hash acr amr auth_time scope client_id active cnf'.split(
    ' ',
  ),
)

const environment = new Environment({
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2_000, maxDepth: 50, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 },
})
  .registerVariable('user', 'map')
  .registerVariable('application', 'map')

/** What is wrong with an expression, for the person who wrote it; undefined if it gives a map. */
export function scopeExpressionProblem(expression: string): string | undefined {
  const { valid, type, error } = environment.check(expression)
  if (!valid) return error?.message ?? 'not an expression'
  return type === undefined || /^(?:map<|map$|dyn$)/.test(type) ? undefined : `a map of claims is needed, not ${type}`
}

type Program = (subject: ClaimSubject) => unknown
const MAX_PROGRAMS = 1_000
const programs = new Map<string, Program>()

function compiled(expression: string): Program {
  const known = programs.get(expression)
  if (known !== undefined) return known
  if (programs.size >= MAX_PROGRAMS) programs.clear()
  const program = environment.parse(expression) as unknown as Program
  programs.set(expression, program)
  return program
}

/** What scope mappings gave. */
export interface Claims {
  readonly claims: JsonObject
  /** Mappings that could not be evaluated, and left no claims: the reason is for the administrator. */
  readonly failures: readonly { readonly mapping: string; readonly reason: string }[]
}

/** The merged claims of every mapping whose scope was granted, in the order of scope names; reserved ones are left out. */
export function claimsFor(
  mappings: readonly ScopeMapping[],
  scopes: ReadonlySet<string>,
  subject: ClaimSubject,
): Claims {
  const failures: { mapping: string; reason: string }[] = []
  const layers = mappings
    .filter((mapping) => scopes.has(mapping.scope))
    .sort((a, b) => (a.scope < b.scope ? -1 : 1))
    .map((mapping) => {
      try {
        const result = asJson(compiled(mapping.expression)(subject))
        return isJsonObject(result) ? result : {}
      } catch (error) {
        if (!(error instanceof EvaluationError || error instanceof ParseError || error instanceof CelTypeError))
          throw error
        failures.push({ mapping: mapping.name, reason: error.message })
        return {}
      }
    })
  const claims = deepMerge(...layers)
  for (const name of RESERVED_CLAIMS) delete claims[name]
  return { claims, failures }
}

/** CEL's values as JSON: its integers are bigints, and its maps may be Maps. */
function asJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(asJson)
  if (value instanceof Map) return asJson(Object.fromEntries(value))
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asJson(each)]))
  return value
}
