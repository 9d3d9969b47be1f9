// The metrics room's door.
export { createMetricsHandler, metricsResources, type MetricsSource } from './metrics-api.ts';
export { startScraper, type Scraper, type ScrapeTargets } from './scraper.ts';
