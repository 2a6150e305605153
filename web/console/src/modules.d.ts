declare module "antd-styles.css";
