import type { ReactNode } from 'react'
import { useSite } from '../../site.tsx'
import { useTitle } from '../../useTitle.ts'
import classes from './Page.module.css'

type PageProps = { title: string; intro?: ReactNode; /** For lists that have columns. */ wide?: boolean; children: ReactNode }

/** A page of settings: a column of parts. */
export function Page({ title, intro, wide, children }: PageProps) {
  useTitle(title, useSite().name)
  return (
    <div className={classes.page} data-wide={wide || undefined}>
      <header className={classes.intro}>
        <h1>{title}</h1>
        {intro && <p className="dimmed">{intro}</p>}
      </header>
      {children}
    </div>
  )
}

type PartProps = { title: string; text?: ReactNode; action?: ReactNode; children?: ReactNode }

export function Part({ title, text, action, children }: PartProps) {
  return (
    <section className={classes.part} aria-label={title}>
      <div className={classes.head}>
        <h2>{title}</h2>
        {action}
      </div>
      {text && <p className="dimmed">{text}</p>}
      {children}
    </section>
  )
}
