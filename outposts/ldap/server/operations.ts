import type { BindOperation } from '../bind/bind-operation.ts'
import type { Control } from '../codec/controls.ts'
import { encodeExtended, encodeResult } from '../codec/encode-response.ts'
import { type Message, Operation, responseTagOf } from '../codec/message.ts'
import { Oid } from '../codec/oids.ts'
import { type LdapResult, ResultCode, SUCCESS } from '../codec/result-code.ts'
import type { DirectoryOperations } from '../search/directory-operations.ts'
import type { Answers, Session } from './session.ts'

/** Controls that change nothing here, so that even a critical one can be obeyed. */
const HARMLESS_CONTROLS: ReadonlySet<string> = new Set([Oid.manageDsaIt])

/** The control that forbids to do what is asked, because nobody here can obey it (RFC 4511 §4.1.11). */
export function forbidding(controls: readonly Control[]): Control | undefined {
  return controls.find(({ critical, oid }) => critical && !HARMLESS_CONTROLS.has(oid))
}

/** Answers requests; those that can be answered from memory are, at once. */
export class Operations {
  readonly #bind: BindOperation
  readonly #directory: DirectoryOperations

  constructor(bind: BindOperation, directory: DirectoryOperations) {
    this.#bind = bind
    this.#directory = directory
  }

  answer({ id, tag, request, controls }: Message, session: Session): Answers {
    // Whatever comes of a bind, the identity from before is gone (RFC 4511 §4.2.1).
    if (tag === Operation.bindRequest) session.bound = undefined
    const result = (result: LdapResult) => [encodeResult(id, responseTagOf(tag)!, result)]
    const control = forbidding(controls)
    if (control !== undefined)
      return result({
        code: ResultCode.unavailableCriticalExtension,
        message: `control ${control.oid} is not supported`,
      })
    switch (request.kind) {
      case 'bind':
        return this.#bind.answer(id, request, session)
      case 'search':
        return this.#directory.search(id, request, session)
      case 'compare':
        return this.#directory.compare(id, request, session)
      case 'extended':
        return [extended(id, request.oid, session)]
      case 'write':
        return result({ code: ResultCode.unwillingToPerform, message: 'this directory is read-only' })
      case 'malformed':
        return result({ code: ResultCode.protocolError, message: request.detail })
      case 'unbind':
      case 'abandon':
        return []
      default:
        return request satisfies never
    }
  }
}

function extended(id: number, oid: string, { bound }: Session): Buffer {
  if (oid === Oid.whoAmI) return encodeExtended(id, SUCCESS, { value: bound === undefined ? '' : `dn:${bound.dn}` })
  return encodeExtended(id, { code: ResultCode.protocolError, message: `extended operation ${oid} is not supported` })
}
