// How times, spans and values are written. Pure, so that a page can be read the same way every time.
import { type Lang, tag } from "./i18n.ts";

const two = (n: number) => String(n).padStart(2, "0");

/** 2026-11-23 22:29:04, in the reader's zone. */
export function absolute(iso: string): string {
  const d = new Date(iso);
  if (Number.isNaN(d.getTime())) return "";
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${day} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** Whether a time is told at all: the server leaves unknown times out or sends Go's zero time. */
export function told(iso: string | undefined): iso is string {
  return iso !== undefined && iso !== "" && !iso.startsWith("0001-");
}

type Unit = "second" | "minute" | "hour" | "day";

function inUnit(seconds: number): [number, Unit] {
  if (seconds < 60) return [Math.floor(seconds), "second"];
  if (seconds < 3600) return [Math.floor(seconds / 60), "minute"];
  if (seconds < 86_400) return [Math.floor(seconds / 3600), "hour"];
  return [Math.floor(seconds / 86_400), "day"];
}

/** "3 minutes ago" / “3分钟前”. A time a little ahead of the reader's clock counts as now. */
export function ago(iso: string, now: number, lang: Lang): string {
  const seconds = Math.max(0, (now - new Date(iso).getTime()) / 1000);
  const [n, unit] = inUnit(seconds);
  // The short form is the usual one in Chinese (“31秒前”); in English it would read "31s ago".
  const style = lang === "zh" ? "narrow" : "long";
  return new Intl.RelativeTimeFormat(tag(lang), { numeric: "auto", style }).format(unit === "second" && n < 5 ? 0 : -n, unit);
}

/** How long a state has lasted: "38 min" / “38分钟”. */
export function span(seconds: number, lang: Lang): string {
  const [n, unit] = inUnit(Math.max(0, seconds));
  return new Intl.NumberFormat(tag(lang), { style: "unit", unit, unitDisplay: "short" }).format(n);
}

/** Minutes of work or waiting, rounded as a person would say them. */
export function minutes(value: number, lang: Lang): string {
  if (value < 0.95) return span(Math.max(5, Math.round((value * 60) / 5) * 5), lang);
  return span(Math.round(value) * 60, lang);
}

export function number(value: number, lang: Lang): string {
  return new Intl.NumberFormat(tag(lang)).format(value);
}

export function percent(p: number, lang: Lang): string {
  return new Intl.NumberFormat(tag(lang), { style: "percent", maximumFractionDigits: p < 0.01 ? 1 : 0 }).format(p);
}

/** A number with at most so many digits after the point. */
export function rounded(value: number, digits: number, lang: Lang): string {
  return new Intl.NumberFormat(tag(lang), { maximumFractionDigits: digits }).format(value);
}

/** A number with its sign and exactly so many digits after the point, so that a column of them can be compared. */
export function signed(value: number, digits: number, lang: Lang): string {
  const size = new Intl.NumberFormat(tag(lang), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(Math.abs(value));
  const none = Number(value.toFixed(digits)) === 0;
  return none ? size : `${value < 0 ? "−" : "+"}${size}`;
}

/** A share with one digit after the point, where whole percents would hide what moved. */
export function fine(p: number, lang: Lang): string {
  return new Intl.NumberFormat(tag(lang), { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(p);
}

/** A probability with one digit after the point, that is neither called none nor certain where it is not. */
export function almost(p: number, lang: Lang): string {
  if (p > 0 && p < 0.0005) return `< ${fine(0.001, lang)}`;
  if (p < 1 && p > 0.9995) return `> ${fine(0.999, lang)}`;
  return fine(p, lang);
}

/** Several names in a row: "a, b, c" / “a、b、c”. */
export function list(names: string[], lang: Lang): string {
  return names.join(lang === "zh" ? "、" : ", ");
}

/** A raw reading with its unit, which its name carries at the end (battery_percent, uptime_s, disk_free_bytes). */
export function reading(name: string, value: number, text: string | undefined, lang: Lang): string {
  if (text) return text;
  if (name.endsWith("_percent")) return percent(value / 100, lang);
  if (name.endsWith("_bytes")) return bytes(value, lang);
  if (name.endsWith("_ms")) return `${number(value, lang)} ms`;
  if (name.endsWith("_s")) return span(value, lang);
  if (name.endsWith("_c")) return `${number(value, lang)} °C`;
  if (name.endsWith("_dbm")) return `${number(value, lang)} dBm`;
  return number(value, lang);
}

function bytes(value: number, lang: Lang): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let n = value;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  const digits = new Intl.NumberFormat(tag(lang), { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n);
  return `${digits} ${units[unit]}`;
}
