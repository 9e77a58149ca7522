import { createHash } from 'node:crypto'

/** What tells one wish from another without telling what it is: 44 characters. */
export const digestOf = (value: object): string => createHash('sha256').update(JSON.stringify(value)).digest('base64')
