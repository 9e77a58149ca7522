import { ne } from 'drizzle-orm'
import { generateCertificate, isPair, keyTypeName, readCertificate, readPrivateKey } from '#core/crypto/certificates.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { certificateKeyPairs } from '#core/store/tables/certificates.ts'
import { certificateResource, generationFields } from '#schema/api/certificates.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { actionBody, checkedValues } from './checks.ts'
import { findVisible } from './objects.ts'
import { admitToSecret } from './reveal.ts'
import { type Call, ok, type Reply, type Route } from './route.ts'
import { toWire } from './wire.ts'
import { create, sealPlace } from './write.ts'

type Pair = typeof certificateKeyPairs.$inferSelect

const MODEL = certificateResource.model
const bindingOf = (call: Call) => call.registry.of(MODEL)!

/** Certificates with their keys: a pair is shown by its facts, each of its parts only on request. */
export const certificateBinding: Binding<Pair> = {
  resource: certificateResource,
  tables: [certificateKeyPairs],
  filters: {
    has_key: ([value]) => (value!.toLowerCase() === 'true' ? ne(certificateKeyPairs.keyData, '') : undefined),
    include_details: () => undefined,
  },
  prepare,
  represent: async (call, rows) => rows.map((pair) => describe(call, pair)),
  actions: [
    {
      method: 'POST',
      path: `${certificateResource.path}generate/`,
      operationId: 'crypto_certificatekeypairs_generate_create',
      access: { kind: 'permission', permission: permissionFor('add', MODEL) },
      document: {
        request: { name: 'CertificateGenerationRequest', fields: generationFields },
        response: certificateResource.name,
      },
      handle: generate,
    },
    viewRoute('view_certificate', 'certificate', 'certificate', (_call, { certificateData }) => certificateData),
    viewRoute('view_private_key', 'private_key', 'key', keyText),
  ],
}

function keyText({ ctx }: Call, { keyData, kpUuid }: Pair): string {
  return keyData === '' ? '' : ctx.keys.unseal(keyData, sealPlace(certificateKeyPairs.keyData, kpUuid))
}

async function prepare(call: Call, values: JsonObject, before: Pair | undefined): Promise<JsonObject> {
  const errors: Record<string, string[]> = {}
  const certificate = String(values['certificate_data'] ?? before?.certificateData ?? '')
  const keyPem = String(values['key_data'] ?? (before === undefined ? '' : keyText(call, before)))
  const key = keyPem === '' ? undefined : readPrivateKey(keyPem)
  if (readCertificate(certificate) === undefined) errors['certificate_data'] = ['Unable to load certificate.']
  if (keyPem !== '' && key === undefined) errors['key_data'] = ['Unable to load private key (possibly encrypted?).']
  if (key !== undefined && errors['certificate_data'] === undefined && !isPair(certificate, key))
    errors['key_data'] = ['The private key does not belong to the certificate.']
  if (Object.keys(errors).length > 0) throw new ValidationFailedError(errors)
  return values
}

function describe(call: Call, pair: Pair): JsonObject {
  const details = call.query.get('include_details') !== 'false'
  const facts = details ? readCertificate(pair.certificateData) : undefined
  const key = details && pair.keyData !== '' ? readPrivateKey(keyText(call, pair)) : undefined
  const type = key === undefined ? null : keyTypeName(key)
  const path = `/api/v3/${certificateResource.path}${pair.kpUuid}`
  return {
    fingerprint_sha256: facts?.fingerprintSha256 ?? null,
    fingerprint_sha1: facts?.fingerprintSha1 ?? null,
    cert_expiry: facts?.notAfter ?? null,
    cert_subject: facts?.subject ?? null,
    private_key_available: pair.keyData !== '',
    private_key_type: type,
    key_type: type,
    certificate_download_url: `${path}/view_certificate/?download`,
    private_key_download_url: `${path}/view_private_key/?download`,
  }
}

async function generate(call: Call): Promise<Reply> {
  const body = await actionBody(call, generationFields)
  const names = String(body['subject_alt_name'] ?? '').split(',')
  const pem = await generateCertificate(
    {
      commonName: String(body['common_name']),
      subjectAltNames: names.map((name) => name.trim()).filter((name) => name !== ''),
      validityDays: Number(body['validity_days']),
      keyType: 'rsa',
    },
    call.ctx.clock.now(),
  )
  const sent = { name: body['common_name'], certificate_data: pem.certificate, key_data: pem.key }
  const binding = bindingOf(call)
  const values = await checkedValues(call, binding, sent, { partial: false, own: undefined })
  const { row } = await create(call, binding, values)
  return ok((await toWire(call, binding, [row]))[0])
}

/** Shows a part of a pair to those who may see the pair and that part; who may list pairs holds no key by that. */
function viewRoute(name: string, type: string, part: string, read: (call: Call, pair: Pair) => string): Route {
  const permission = `${permissionFor('view', MODEL)}_${part}`
  return {
    method: 'GET',
    path: `${certificateResource.path}{kp_uuid}/${name}/`,
    operationId: `crypto_certificatekeypairs_${name}_retrieve`,
    access: { kind: 'objects', permission },
    document: { response: 'CertificateData', query: { download: 'boolean' } },
    handle: async (call) => {
      const pair = (await findVisible(bindingOf(call), call)) as Pair
      const context = { pair: pair.kpUuid, name: pair.name, type }
      await admitToSecret(call, { permission, pk: pair.kpUuid, app: 'authentik.crypto', context })
      const data = read(call, pair)
      if (!call.query.has('download')) return ok({ data })
      const filename = `${pair.kpUuid}_${type}.pem`
      const headers = { 'content-disposition': `attachment; filename="${filename}"` }
      return { status: 200, text: { type: 'application/x-pem-file', content: data }, headers }
    },
  }
}
