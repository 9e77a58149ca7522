import { dateTime, flag, integer, text, uuid } from './field.ts'
import { resource } from './resource.ts'

const detail = () => text({ readOnly: true, nullable: true })

export const certificateResource = resource({
  path: 'crypto/certificatekeypairs/',
  name: 'CertificateKeyPair',
  model: 'authentik_crypto.certificatekeypair',
  key: { parameter: 'kp_uuid', field: 'pk' },
  fields: {
    pk: uuid({ readOnly: true }),
    name: text({ required: true, unique: true }),
    fingerprint_sha256: detail(),
    fingerprint_sha1: detail(),
    cert_expiry: dateTime({ readOnly: true, nullable: true }),
    cert_subject: detail(),
    private_key_available: flag({ readOnly: true }),
    private_key_type: detail(),
    key_type: detail(),
    certificate_download_url: text({ readOnly: true }),
    private_key_download_url: text({ readOnly: true }),
    managed: text({ readOnly: true, nullable: true }),
    certificate_data: text({ required: true, writeOnly: true, verbatim: true, max: 262_144 }),
    key_data: text({ secret: true, verbatim: true, max: 65_536 }),
  },
  filters: ['managed', 'name'],
  specialFilters: { has_key: 'boolean', include_details: 'boolean' },
  search: ['name'],
})

export const generationFields = {
  common_name: text({ required: true, max: 64 }),
  subject_alt_name: text({ max: 4096 }),
  validity_days: integer({ required: true, min: 1, max: 36_500 }),
}
