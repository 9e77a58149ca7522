import type { JsonObject } from '#schema/kernel/deep-merge.ts'

export interface AccessWrite {
  /** Groups that get a policy binding. */
  readonly bind: readonly string[]
  /** Policy bindings that are there and become ours, by group. */
  readonly take: ReadonlyMap<string, string>
  /** Policy bindings of groups that are not wanted any more, by group; taken away after the others are made. */
  readonly unbind: ReadonlyMap<string, string>
  /** Somebody has taken away or changed a policy binding of ours, and it stays so. */
  readonly drifted: boolean
}

/**
 * What to do about who may use an application. An application without policy bindings is everyone's, so new ones come
 * first. Those that people have added are theirs.
 */
export function decideAccess(
  wanted: readonly string[] | undefined,
  bindings: Readonly<Record<string, string>>,
  live: readonly JsonObject[],
  { overwrites }: { readonly overwrites: boolean },
): AccessWrite {
  const groups = wanted ?? []
  const isIntact = (group: string) =>
    live.some((each) => each['pk'] === bindings[group] && each['group'] === group && isPlain(each))
  const broken = groups.filter((group) => bindings[group] !== undefined && !isIntact(group))
  // One that is as wanted but not known as ours may be what an interrupted try has left: it goes with the group, too.
  const isOurs = (pk: unknown) => Object.values(bindings).includes(String(pk))
  const there = (group: string) => live.find((each) => each['group'] === group && isPlain(each) && !isOurs(each['pk']))
  const missing = groups.filter((group) => bindings[group] === undefined || (overwrites && broken.includes(group)))
  const unwanted = Object.entries(bindings).filter(([group]) => !groups.includes(group))
  // A binding that was changed makes way for one that is as it should be.
  const replaced = overwrites ? broken.map((group): [string, string] => [group, bindings[group]!]) : []
  return {
    bind: missing.filter((group) => there(group) === undefined),
    take: new Map(missing.flatMap((group) => (there(group) ? [[group, String(there(group)?.['pk'])]] : []))),
    unbind: new Map([...unwanted, ...replaced]),
    drifted: !overwrites && broken.length > 0,
  }
}

/** Nothing is to be done about it, nor told. */
export const isSettled = ({ bind, take, unbind, drifted }: AccessWrite): boolean =>
  bind.length === 0 && take.size === 0 && unbind.size === 0 && !drifted

const isPlain = (binding: JsonObject): boolean => binding['enabled'] !== false && binding['negate'] !== true
