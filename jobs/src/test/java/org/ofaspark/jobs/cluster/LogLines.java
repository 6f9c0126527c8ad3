package org.ofaspark.jobs.cluster;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;

/** What a class logs while this is open. */
public final class LogLines implements AutoCloseable {

  private final Logger logger;
  private final Level before;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final AbstractAppender appender =
      new AbstractAppender("lines", null, null, true, Property.EMPTY_ARRAY) {
        @Override
        public void append(LogEvent event) {
          lines.add(event.getLevel() + " " + event.getMessage().getFormattedMessage());
        }
      };

  /** Starts to listen to a class. */
  public LogLines(Class<?> type) {
    logger = (Logger) LogManager.getLogger(type);
    before = logger.getLevel();
    Configurator.setLevel(logger, Level.INFO);
    appender.start();
    logger.addAppender(appender);
    logger.setAdditive(false); // so that the console stays short
  }

  /** Returns level and text of each line so far. */
  public List<String> lines() {
    return lines;
  }

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.removeAppender(appender);
    appender.stop();
    Configurator.setLevel(logger, before);
  }
}
