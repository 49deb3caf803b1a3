import { CloseButton, Kbd, TextInput } from '@mantine/core'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { Icon } from '../look/Icon.tsx'
import { useSite } from '../site.tsx'
import { useText } from '../text/useText.tsx'
import { useKey } from '../useKey.ts'
import classes from './Frame.module.css'

const settled = 200

/** Searches the board; what is sought stands in the address. */
export function Search() {
  const { t } = useText()
  const site = useSite()
  const navigate = useNavigate()
  const { tab } = useParams({ strict: false })
  const { q = '' } = useSearch({ strict: false }) as { q?: string }
  const [text, setText] = useState(q)
  const field = useRef<HTMLInputElement>(null)
  useKey('/', () => field.current?.focus())

  useEffect(() => setText(q), [q])
  useEffect(() => {
    if (text.trim() === q) return
    const timer = setTimeout(() => {
      navigate({
        to: '/sites/$site/board/$tab',
        params: { site: site.id, tab: tab ?? 'on-site' },
        search: text.trim() ? { q: text.trim() } : {},
        replace: true,
      })
    }, settled)
    return () => clearTimeout(timer)
  }, [text, q, navigate, site.id, tab])

  return (
    <TextInput
      ref={field}
      className={classes.search}
      type="search"
      aria-label={t('web.search')}
      placeholder={t('web.search')}
      value={text}
      onChange={(e) => setText(e.currentTarget.value)}
      onKeyDown={(e) => {
        if (e.key !== 'Escape') return
        setText('')
        e.currentTarget.blur()
      }}
      leftSection={<Icon name="search" size={18} />}
      rightSection={
        text ? (
          <CloseButton size="sm" aria-label={t('web.search.clear')} onClick={() => setText('')} />
        ) : (
          <Kbd size="xs" className={classes.hint} aria-hidden="true">
            /
          </Kbd>
        )
      }
    />
  )
}
