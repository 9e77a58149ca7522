import type { Principal } from '#core/store/users.ts'
import type { SubjectMode } from './application-settings.ts'

/** How an application knows a user: its `sub` claim. An empty value falls back to the hashed id, never to nothing. */
export function subjectOf({ user, uid, attributes }: Principal, mode: SubjectMode): string {
  switch (mode) {
    case 'hashed_user_id':
      return uid
    case 'user_id':
      return String(user.id)
    case 'user_uuid':
      return user.uuid
    case 'user_username':
      return user.username
    case 'user_email':
      return user.email || uid
    case 'user_upn':
      return typeof attributes['upn'] === 'string' && attributes['upn'] !== '' ? attributes['upn'] : uid
    default:
      return mode satisfies never
  }
}
