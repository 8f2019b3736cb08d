"""A fleet of instances behind a load balancer, as one CloudFormation template."""
