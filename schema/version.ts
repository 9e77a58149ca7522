/** Martello's release. */
export const MARTELLO_VERSION = '0.1.0'

/**
 * compat: the release whose API and link are spoken, which is what outposts and cores compare with each other.
 */
export const VERSION = '2023.8.3'
