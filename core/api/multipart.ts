import express from 'express'
import { BadRequestError } from '#core/http/http-errors.ts'
import type { Call } from './route.ts'

const MAX_OCTETS = 1024 * 1024
const readOctets = express.raw({ limit: MAX_OCTETS, type: 'multipart/form-data' })

/** A form with files of 1 MiB in all at most; a body of another type, or that cannot be read, is a BadRequestError. */
export async function multipartForm({ req, res }: Call): Promise<FormData> {
  const type = req.get('content-type') ?? ''
  if (!type.startsWith('multipart/form-data'))
    throw new BadRequestError(415, `Unsupported media type "${type}" in request.`)
  await new Promise<void>((resolve, reject) =>
    readOctets(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error))),
  )
  try {
    return await new Response(req.body as Uint8Array<ArrayBuffer>, { headers: { 'content-type': type } }).formData()
  } catch {
    throw new BadRequestError(400, 'Multipart form parse error')
  }
}
