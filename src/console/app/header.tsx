import { connection, overview } from './store.ts'

const words = {
  connecting: 'connecting …',
  live: 'live',
  lost: 'not reachable, trying again …',
  'signed out': 'signed out',
}

export function Header() {
  const status = overview.value?.status
  return (
    <header>
      <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M9 8l9 8-9 8M18 24h6" />
      </svg>
      <h1>Outrider</h1>
      {status && (
        <span class="muted about" title={status.home}>
          {status.version} · {status.engine === 'embedded' ? 'own engine' : 'beside Wazuh'}
        </span>
      )}
      <span class={`connection ${connection.value.replace(' ', '-')}`} role="status">
        <i class="dot" />
        {words[connection.value]}
      </span>
    </header>
  )
}
