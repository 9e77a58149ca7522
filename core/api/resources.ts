import type { Binding } from './binding.ts'
import { groupBinding } from './groups.ts'
import { sessionBinding } from './sessions.ts'
import { tokenBinding } from './tokens.ts'
import { userBinding } from './users.ts'

/** Every resource of the API: one line makes one more. */
export const BINDINGS = [userBinding, groupBinding, tokenBinding, sessionBinding] as unknown as readonly Binding[]
