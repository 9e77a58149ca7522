/**
 * What a Martello outpost offers in HELLO (`args.capabilities`), in the order in which they came. A core tells only what
 * its peer has offered to understand; one that offers nothing is spoken to as a reference outpost. A name is never
 * given another meaning, nor taken again.
 */
export const CAPABILITIES = [
  // 2026-11-24: TriggerUpdate carries the `revision` that the configuration has now, and `changes` when it is known what
  // has changed; an older `revision` in HELLO is answered with one.
  'revision',
  // 2026-11-24: Revoke names whose standing access has ended, instead of SessionEnd; what came after the `sequence` in
  // HELLO is told again.
  'revocation',
  // 2026-11-24: the peer says with Applied which `revision` and which `sequence` it enforces.
  'applied',
] as const
export type Capability = (typeof CAPABILITIES)[number]
