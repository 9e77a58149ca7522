import { createHash } from 'node:crypto'
import type { Blueprint } from './apply-blueprint.ts'

/** The hash that tells whether a blueprint has changed since it was applied: SHA-512 of its text, hex. */
export function blueprintHash(text: string): string {
  return createHash('sha512').update(text).digest('hex')
}

/** What an instance remembers of a blueprint that was just applied; `text` is what it was parsed from. */
export function appliedState(blueprint: Blueprint, text: string, now: number) {
  return {
    status: 'successful',
    lastApplied: new Date(now),
    lastAppliedHash: blueprintHash(text),
    managedModels: [...new Set(blueprint.entries.map(({ model }) => model))],
    metadata: { name: blueprint.name, labels: blueprint.labels },
  }
}
