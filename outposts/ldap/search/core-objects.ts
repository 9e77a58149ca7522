import type { z } from 'zod'
import type { Logger } from '#schema/kernel/logger.ts'
import { type DirectoryUser, groupShape, userShape } from '../directory/build-entries.ts'
import { SharedTexts } from './shared-texts.ts'

export type ReadGroup = z.infer<typeof groupShape>

export interface ReadUser {
  readonly kept: DirectoryUser
  readonly groups: readonly string[]
}

/** Makes of what the core sent what the directory needs of it; undefined, and a warning, if it is not what it should be. */
export class CoreObjects {
  readonly #log: Logger
  readonly #texts = new SharedTexts()

  constructor(log: Logger) {
    this.#log = log
  }

  user(raw: unknown): ReadUser | undefined {
    const user = this.#parse(userShape, raw)
    if (user === undefined) return undefined
    const { groups, ...kept } = user
    for (const [name, value] of Object.entries(kept.attributes))
      if (typeof value === 'string') kept.attributes[name] = this.#texts.of(value)
    return { kept, groups }
  }

  group(raw: unknown): ReadGroup | undefined {
    return this.#parse(groupShape, raw)
  }

  #parse<T>(shape: z.ZodType<T>, raw: unknown): T | undefined {
    const parsed = shape.safeParse(raw)
    if (!parsed.success)
      this.#log.warning('an object of the core is left out of the directory', {
        cause: parsed.error.message.slice(0, 500),
      })
    return parsed.data
  }
}
